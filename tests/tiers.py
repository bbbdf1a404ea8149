"""Which files of tests a run by marks need not even read: those it takes no test of.

To read all 384 takes each process ten seconds.
"""

import itertools
import re
from pathlib import Path

OF_THE_FILE = re.compile(r"^pytestmark = (\[[^\]]*|[^\[\n]*)", re.MULTILINE)
MARK = re.compile(r"\bmark\.(\w+)")
NAME = re.compile(r"(?!(?:and|or|not)\b)\b[a-z_]\w*")
# What a file says of whose tests conftest.py marks some.
SAID_BEFORE = {
    "postgresql": re.compile(r"\b(?:transaction=True|transactional_db|live_server)\b"),
    "long": re.compile(r"\bsome_of\b"),
    "thorough": re.compile(""),  # of many cases some are
}


def may_select(expression: str, path: Path) -> bool:
    """Return False where `-m expression` takes no test of this file, whatever stands in it."""
    if not expression:
        return True
    text = path.read_text()
    sure = list_marks(text)
    unsure = (list_marks_of_some(path, text) - sure) & set(NAME.findall(expression))
    return any(
        _selects(expression, sure.union(*chosen))
        for chosen in itertools.product(*(({name}, set()) for name in unsure))
    )


def _selects(expression: str, marks: set[str]) -> bool:
    names = {name: name in marks for name in NAME.findall(expression)}
    return eval(expression, {"__builtins__": {}}, names)  # noqa: S307  # of the command line


def list_marks(text: str) -> set[str]:
    """Return the marks that a file of tests gives to all of them."""
    return {mark for marks in OF_THE_FILE.findall(text) for mark in MARK.findall(marks)}


def list_marks_of_some(path: Path, text: str) -> set[str]:
    """Return the marks that a file of tests, or conftest.py, may give to some of them."""
    marks = set(MARK.findall(text))
    marks |= {mark for mark, said in SAID_BEFORE.items() if said.search(text)}
    return marks | {"any_database"} if path.parent.name == "browser" else marks
