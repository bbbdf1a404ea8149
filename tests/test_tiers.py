import pytest

from tests.tiers import list_left_out, list_marks

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("expression", "marks"),
    [
        ("", set()),
        ("thorough", set()),
        ("not slow and not thorough", {"slow", "thorough"}),
        ("not thorough and (any_database or not postgresql)", {"thorough"}),
        ("thorough or (postgresql and not any_database)", set()),
        ("not any_database and (thorough or not postgresql)", {"any_database"}),
        ("not any_database and not thorough and postgresql", {"any_database", "thorough"}),
        ("not slow or thorough", set()),
        ("not (slow and (long or thorough))", set()),
        ("not (slow and long) and not thorough", {"thorough"}),
    ],
)
def test_mark_is_left_out_only_where_no_other_mark_brings_it_back(expression, marks):
    assert list_left_out(expression) == marks


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
