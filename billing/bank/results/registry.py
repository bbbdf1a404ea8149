"""What a format of bank results has to say, and which formats there are."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.bank.registry import Registry
from billing.errors import InvalidResults

PROBLEMS_SHOWN = 20

_formats: Registry["ResultFormat"] = Registry("result format")


@dataclass(frozen=True)
class ResultRow:
    number: int  # line number in the file or the field
    reference: str
    outcome: str  # paid or failed; anything else is refused by name
    reason: str


@dataclass(frozen=True, kw_only=True)
class ResultFormat:
    """How a file of results becomes rows.

    `sniff` says whether a file's bytes look like this format; `read` returns its rows, or raises
    InvalidResults with a sentence for each thing that is wrong. Neither looks into the database.
    """

    key: str
    name: str  # as the page has it
    hint: str  # a sentence about such files
    accept: tuple[str, ...]  # endings and media types, for the browser's choice of files
    sniff: Callable[[bytes], bool]
    read: Callable[[bytes], list[ResultRow]]


register_result_format = _formats.register


def unregister_result_format(key: str) -> None:
    del _formats[key]


def list_result_formats() -> list[ResultFormat]:
    return list(_formats.values())


def read_result_file(content: bytes) -> list[ResultRow]:
    """Return the rows of a file in any format. Raises InvalidResults.

    The latest format is asked first. The first, CSV, takes what no other knew, so that it can say
    why that can't be read.
    """
    latest_first = reversed(_formats.values())
    return next(format for format in latest_first if format.sniff(content)).read(content)


def refuse(problems: list[str]) -> None:
    """Raise InvalidResults if there are problems, the first 20 of them in words."""
    if not problems:
        return
    if rest := len(problems) - PROBLEMS_SHOWN:
        problems = problems[:PROBLEMS_SHOWN] + ([f"And {rest:,} more."] if rest > 0 else [])
    raise InvalidResults(problems)
