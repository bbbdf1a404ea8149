"""Days are written alike wherever the house writes: 1 Jan 2026, and 1 Jan 2026, 14:05."""

import re

import pytest

from tests.written import list_docs, list_files

pytestmark = pytest.mark.any_database

# What reads dates, or writes them for a program.
OTHERS = {"weblog/importing/states.py", "billing/books/formats/datev.py"}
IN_TEMPLATES = {
    "", "DATETIME_FORMAT", "F Y", "F", "H:i", "Y", "j M",
    "D j M Y", "D j M Y, H:i",  # what comes next: the day of the week tells
    "j M Y, H:i:s T",  # of evidence
    "c", "Y-m-d", "Y-m",  # for programs and addresses
}  # fmt: skip
FILTER = re.compile(r"""\|(?:date|time)\b(?::"([^"]*)"|:'([^']*)')?|{% now "([^"]*)" %}""")
# A day of the month without, or with another form of, its month and year.
IN_PYTHON = re.compile(r"%-?d[ .]?%[Bm]\b|%[Bb],? ?%-?d\b|%d %b|\bj[.]? [FN]\b|\b[FN] j\b")
WRITTEN = re.compile(
    r"\b\d{1,2}\.? (January|February|March|April|June|July|August|September|October|November"
    r"|December) 20\d\d\b"
)


def list_own(*endings):
    return [(name, text) for name, text in list_files(*endings) if name not in OTHERS]


def test_templates_write_days_in_one_form():
    found = [
        (name, form)
        for name, text in list_own(".html", ".txt")
        for match in FILTER.finditer(text)
        if (form := next(filter(None, match.groups()), "")) not in IN_TEMPLATES
    ]
    assert found == []


@pytest.mark.thorough
def test_python_writes_days_in_one_form():
    files = list_own(".py")
    assert [(name, m[0]) for name, text in files for m in IN_PYTHON.finditer(text)] == []


@pytest.mark.thorough
def test_no_text_has_a_day_in_another_form():
    files = [*list_own(".html", ".txt", ".py"), *list_docs()]
    assert [(name, m[0]) for name, text in files for m in WRITTEN.finditer(text)] == []


@pytest.mark.parametrize(
    "text", ["{day:%-d %B %Y}", "%d.%m.%Y", "%B %d, %Y", 'date_format(day, "j F Y")', "N j, Y"]
)
def test_other_forms_are_found(text):
    assert IN_PYTHON.search(text)
