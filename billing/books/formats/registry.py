"""What a layout of the journal has to say, and which layouts there are."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from billing.bank.registry import Registry
from billing.books.accounts import find_number, find_problems
from billing.books.entries import Entry
from billing.books.journal import list_entries, month_window, sum_entries
from billing.errors import UnknownFormat
from billing.models import PayoutBatch
from billing.money import MILLION, currency_decimals
from billing.proof.sealing import name_batch

_formats: Registry["BookFormat"] = Registry("layout of the journal")


class Journal:
    """A month of a currency, as a layout writes it."""

    def __init__(self, *, month: dt.date, currency: str, made_at: dt.datetime):
        self.month, self.currency, self.made_at = month, currency, made_at
        self.window = month_window(month, currency)

    def list_entries(self) -> Iterator[Entry]:
        """Yield each entry. Memory holds a portion."""
        return list_entries(self.window)

    @cached_property
    def sums(self) -> list[Entry]:
        """The sums by day, batch and kind that move anything in coins."""
        return [entry for entry in sum_entries(self.window) if entry.coins]

    @cached_property
    def moving(self) -> list[Entry]:
        """The sums that move something between two numbers of the ledger."""
        return [
            entry for entry in self.sums if find_number(entry.debit) != find_number(entry.credit)
        ]

    @cached_property
    def batches(self) -> dict[int, tuple[str, str]]:
        """{batch: (its name, its month)}."""
        return {
            batch.pk: (name_batch(batch), f"{batch.month:%Y-%m}")
            for batch in PayoutBatch.objects.filter(currency=self.currency)
        }

    def in_coins(self, millionths: int) -> str:
        """Return a plain decimal with the decimals of the currency, such as 1234.50."""
        return write_decimal(millionths, currency_decimals(self.currency))


def write_decimal(millionths: int, places: int) -> str:
    """Return a plain decimal with so many places, which hold all of it: -8.505500."""
    whole, rest = divmod(abs(millionths), MILLION)
    shown = f"{whole}.{rest // 10 ** (6 - places):0{places}}" if places else str(whole)
    return f"-{shown}" if millionths < 0 else shown


def find_missing_accounts(journal: Journal) -> list[str]:
    """Return what is wrong with the accounts. The check of layouts that need their numbers."""
    return list(find_problems())


def _find_nothing(journal: Journal) -> list[str]:
    return []


@dataclass(frozen=True, kw_only=True)
class BookFormat:
    """How a month's journal becomes a file.

    `key` is kept with each file, so it never changes. `write` writes the same bytes for the same
    entries and settings, and the same `made_at`. `check` runs before it and returns what stands in
    the way, in sentences that a clerk can act on.
    """

    key: str
    name: str  # as menus have it
    hint: str
    content_type: str
    file_name: Callable[[Journal], str]
    write: Callable[[BinaryIO, Journal], None]
    check: Callable[[Journal], list[str]] = _find_nothing


def register_book_format(format: BookFormat) -> None:
    """Offer a layout, after those that are there. Raises ImproperlyConfigured."""
    _formats.register(format)


def list_book_formats() -> list[BookFormat]:
    return list(_formats.values())


def find_book_format(key: str) -> BookFormat:
    """Return the layout with that key. Raises UnknownFormat."""
    try:
        return _formats[key]
    except KeyError:
        names = ", ".join(_formats)
        raise UnknownFormat(f"There is no layout “{key}”. Choose one of: {names}.") from None
