from pathlib import Path

import pytest

from tests.tiers import list_marks, list_marks_of_some, may_select

pytestmark = pytest.mark.any_database

SQLITE = "not thorough and (any_database or not postgresql)"
POSTGRESQL = "not any_database and not thorough and postgresql"
POSTGRESQL_REST = "not any_database and (thorough or not postgresql)"


@pytest.mark.parametrize(
    ("expression", "text", "is_read"),
    [
        ("", "pytestmark = pytest.mark.thorough\n", True),
        ("thorough", "def test_it(): ...\n", True),
        ("not thorough", "pytestmark = pytest.mark.thorough\n", False),
        ("not thorough", "@pytest.mark.thorough\ndef test_it(): ...\n", True),
        ("not slow and not thorough", "pytestmark = pytest.mark.slow\n", False),
        ("not slow or thorough", "pytestmark = pytest.mark.slow\n", True),
        ("not (slow and long)", "pytestmark = [pytest.mark.slow, pytest.mark.long]\n", False),
        ("not (slow and long)", "pytestmark = pytest.mark.slow\n", True),
        ("not (slow and long)", "pytestmark = pytest.mark.slow\ndef test(some_of): ...\n", True),
        ("long", "def test_it(): ...\n", False),
        ("long", "def test_it(some_of): ...\n", True),
        (SQLITE, "pytestmark = pytest.mark.postgresql\n", False),
        (SQLITE, "pytestmark = [pytest.mark.postgresql, pytest.mark.any_database]\n", True),
        (SQLITE, "@pytest.mark.postgresql\ndef test_it(): ...\n", True),
        (POSTGRESQL, "pytestmark = pytest.mark.django_db\n", False),
        (POSTGRESQL, "pytestmark = pytest.mark.django_db(transaction=True)\n", True),
        (POSTGRESQL, "@pytest.mark.postgresql\ndef test_it(): ...\n", True),
        (POSTGRESQL, "def test_it(live_server): ...\n", True),
        (POSTGRESQL_REST, "pytestmark = pytest.mark.postgresql\n", True),
        (POSTGRESQL_REST, "pytestmark = pytest.mark.any_database\n", False),
    ],
)
def test_file_is_read_unless_no_test_in_it_can_be_taken(tmp_path, expression, text, is_read):
    file = tmp_path / "test_it.py"
    file.write_text(text)
    assert may_select(expression, file) == is_read


def test_what_is_about_a_browser_knows_no_database():
    marks = list_marks_of_some(Path("tests/browser/test_it.py"), "def test_it(live_server): ...")
    assert marks == {"any_database", "postgresql", "thorough"}


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("import pytest\n\npytestmark = pytest.mark.slow\n\n\ndef test_it(): ...\n", {"slow"}),
        ("pytestmark = [pytest.mark.django_db, pytest.mark.slow]\n", {"django_db", "slow"}),
        (
            "pytestmark = [\n    pytest.mark.slow,\n    pytest.mark.cases(100),\n]\n",
            {"slow", "cases"},
        ),
        ("pytestmark = pytest.mark.django_db\n\n\n@pytest.mark.slow\n", {"django_db"}),
        ("slow = pytest.mark.slow\n\n\n@slow\ndef test_it(): ...\n", set()),
        ("    pytestmark = pytest.mark.slow  # of a class\n", set()),
        ('pytestmark = pytest.mark.skipif(True, reason="slow")\n', {"skipif"}),
    ],
)
def test_marks_of_a_file_are_those_of_all_its_tests(text, marks):
    assert list_marks(text) == marks
