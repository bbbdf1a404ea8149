"""Each line of docs/security.md names an existing test, an existing page, or a reason."""

import ast
import re
from collections import Counter

import pytest
from django.conf import settings

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

ROOT = settings.BASE_DIR
PAGE = ROOT / "docs" / "security.md"
FEWEST_WORDS = 4  # of a reason

# The requirements of OWASP ASVS 5.0.0 of level 1 and 2, by section: those of level 1, those of 2.
REQUIREMENTS = {
    "1.1": ([], [1, 2]),
    "1.2": ([1, 2, 3, 4, 5], [6, 7, 8, 9]),
    "1.3": ([1, 2], [3, 4, 5, 6, 7, 8, 9, 10, 11]),
    "1.4": ([], [1, 2, 3]),
    "1.5": ([1], [2]),
    "2.1": ([1], [2, 3]),
    "2.2": ([1, 2], [3]),
    "2.3": ([1], [2, 3, 4]),
    "2.4": ([], [1]),
    "3.2": ([1, 2], []),
    "3.3": ([1], [2, 3, 4]),
    "3.4": ([1, 2], [3, 4, 5, 6]),
    "3.5": ([1, 2, 3], [4, 5]),
    "3.7": ([], [1, 2]),
    "4.1": ([1], [2, 3]),
    "4.2": ([], [1]),
    "4.3": ([], [1, 2]),
    "4.4": ([1], [2, 3, 4]),
    "5.1": ([], [1]),
    "5.2": ([1, 2], [3]),
    "5.3": ([1, 2], []),
    "5.4": ([], [1, 2, 3]),
    "6.1": ([1], [2, 3]),
    "6.2": ([1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12]),
    "6.3": ([1, 2], [3, 4]),
    "6.4": ([1, 2], [3, 4]),
    "6.5": ([], [1, 2, 3, 4, 5]),
    "6.6": ([], [1, 2, 3]),
    "6.8": ([], [1, 2, 3, 4]),
    "7.1": ([], [1, 2, 3]),
    "7.2": ([1, 2, 3, 4], []),
    "7.3": ([], [1, 2]),
    "7.4": ([1, 2], [3, 4, 5]),
    "7.5": ([], [1, 2]),
    "7.6": ([], [1, 2]),
    "8.1": ([1], [2]),
    "8.2": ([1, 2], [3]),
    "8.3": ([1], []),
    "8.4": ([], [1]),
    "9.1": ([1, 2, 3], []),
    "9.2": ([1], [2, 3, 4]),
    "10.1": ([], [1, 2]),
    "10.2": ([], [1, 2]),
    "10.3": ([], [1, 2, 3, 4]),
    "10.4": ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]),
    "10.5": ([], [1, 2, 3, 4, 5]),
    "10.6": ([], [1, 2]),
    "10.7": ([], [1, 2, 3]),
    "11.1": ([], [1, 2]),
    "11.2": ([], [1, 2, 3]),
    "11.3": ([1, 2], [3]),
    "11.4": ([1], [2, 3, 4]),
    "11.5": ([], [1]),
    "11.6": ([], [1]),
    "12.1": ([1], [2, 3]),
    "12.2": ([1, 2], []),
    "12.3": ([], [1, 2, 3, 4]),
    "13.1": ([], [1]),
    "13.2": ([], [1, 2, 3, 4, 5]),
    "13.3": ([], [1, 2]),
    "13.4": ([1], [2, 3, 4, 5]),
    "14.1": ([], [1, 2]),
    "14.2": ([1], [2, 3, 4]),
    "14.3": ([1], [2, 3]),
    "15.1": ([1], [2, 3]),
    "15.2": ([1], [2, 3]),
    "15.3": ([1], [2, 3, 4, 5, 6, 7]),
    "16.1": ([], [1]),
    "16.2": ([], [1, 2, 3, 4, 5]),
    "16.3": ([], [1, 2, 3, 4]),
    "16.4": ([], [1, 2, 3]),
    "16.5": ([], [1, 2, 3]),
    "17.1": ([], [1]),
    "17.2": ([], [1, 2, 3, 4]),
    "17.3": ([], [1, 2]),
}

ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.+) \|$", re.MULTILINE)
VERDICT = re.compile(r"(holds|not applicable|open): (.+)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SECTION = re.compile(r"(docs/\w+\.md|README\.md), “([^”]+)”")


def rows():
    return ROW.findall(PAGE.read_text())


def numbers():
    """Yield (number, level) of each requirement."""
    for section, levels in REQUIREMENTS.items():
        for level, last in enumerate(levels, start=1):
            yield from ((f"{section}.{number}", str(level)) for number in last)


def list_tests(path):
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_list_of_numbers_is_that_of_the_standard():
    levels = Counter(level for _, level in numbers())
    assert levels == {"1": 70, "2": 183}  # as OWASP counts them


def test_each_requirement_stands_once_with_its_level():
    assert Counter((number, level) for number, level, *_ in rows()) == Counter(numbers())


def test_requirements_stand_in_the_section_of_their_chapter():
    for part in re.split(r"^### V", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        chapter = re.match(r"\d+", part)[0]
        found = [number for number, *_ in ROW.findall(part)]
        assert found
        assert {number.partition(".")[0] for number in found} == {chapter}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_has_a_verdict_and_what_it_rests_on(row):
    number, _, asked, stands = row
    assert len(asked.split()) >= 2, number
    verdict = VERDICT.fullmatch(stands)
    assert verdict, f"{number} has no verdict: {stands}"
    if verdict[1] == "holds":
        assert TEST.search(stands) or SECTION.search(stands), f"{number} names nothing"
    else:
        assert len(verdict[2].split()) >= FEWEST_WORDS, f"{number} has no reason"
    if verdict[1] == "open":
        assert "Needed: " in stands, f"{number} does not say what is missing"


@pytest.mark.thorough
def test_each_test_that_is_named_is_there():
    named = TEST.findall(PAGE.read_text())
    assert len(named) > 100
    assert len(named) == PAGE.read_text().count("`tests/") - len(
        re.findall(r"`tests/[\w/]+(?:\.py)?`", PAGE.read_text())
    ), "a test is named in another way"
    known = {path: list_tests(path) for path in {path for path, _ in named}}
    assert [(path, name) for path, name in named if name not in known[path]] == []


def test_each_section_that_is_named_is_there():
    for path, heading in SECTION.findall(PAGE.read_text()):
        headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
        assert heading in headings, f"{path} has no “{heading}”"


def test_what_holds_is_counted_right():
    """The sum above the tables agrees with the tables."""
    verdicts = Counter(VERDICT.match(stands)[1] for *_, stands in rows())
    said = re.search(r"(\d+) hold, (\d+) are not applicable, (\d+) are open", PAGE.read_text())
    assert tuple(map(int, said.groups())) == (
        verdicts["holds"],
        verdicts["not applicable"],
        verdicts["open"],
    )
