"""What a format of bank results has to say, and which formats there are."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from billing.bank.registry import Registry
from billing.errors import InvalidResults

PROBLEMS_SHOWN = 20
PENDING = "pending"  # the bank has the payment, and says nothing final yet
TAKEN_BACK = "taken back"  # what came back went off the account again: nobody can tell for good

_formats: Registry["ResultFormat"] = Registry("result format")


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What a file says about one payment.

    `of_all` is how many payments were in the file that the bank answers as a whole, 0 if it does
    not say: such a row names none of them, and `file` is what it calls that file. `is_other` says
    that the row may be about anybody's money: a statement of an account lists more than our
    payments.
    """

    number: int  # line number in the file or the field
    reference: str
    outcome: str  # paid, failed, pending or taken back; anything else is refused by name
    reason: str
    amount: Decimal | None = None
    currency: str = ""
    value_date: dt.date | None = None
    bank_reference: str = ""
    of_all: int | None = None
    file: str = ""
    is_other: bool = False
    noun: str = "Row"  # “Line”, where the file is no table

    @property
    def place(self) -> str:
        return f"{self.noun} {self.number:,}"


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
    is_read_apart: bool = False  # in a process of its own, which knows the formats of this room


register_result_format = _formats.register


def unregister_result_format(key: str) -> None:
    del _formats[key]


def list_result_formats() -> list[ResultFormat]:
    return list(_formats.values())


def get_result_format(key: str) -> ResultFormat:
    return _formats[key]


def find_result_format(content: bytes) -> ResultFormat:
    """Return the format that knows the file.

    The latest format is asked first. The first, CSV, takes what no other knew, so that it can say
    why that can't be read.
    """
    latest_first = reversed(_formats.values())
    return next(format for format in latest_first if format.sniff(content))


def refuse(problems: list[str]) -> None:
    """Raise InvalidResults if there are problems, the first 20 of them in words."""
    if not problems:
        return
    if rest := len(problems) - PROBLEMS_SHOWN:
        problems = problems[:PROBLEMS_SHOWN] + ([f"And {rest:,} more."] if rest > 0 else [])
    raise InvalidResults(problems)
