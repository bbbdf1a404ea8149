"""What a format of files to the bank has to say, and which formats there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from billing.bank.orders import BankFile, Order
from billing.bank.registry import Registry
from billing.errors import UnknownFormat
from billing.models import PayoutBatch
from billing.models.exports import FORMAT_LENGTH
from billing.periods import format_month

_formats: Registry["BankFormat"] = Registry("bank format")


class Fit(NamedTuple):
    """Whether a file takes an order: why not, or what it changes in texts to do so."""

    refusal: str = ""
    changes: tuple[str, ...] = ()


TAKES_IT = Fit()


def _take(order: Order, batch: PayoutBatch) -> Fit:
    return TAKES_IT


def _find_nothing(batch: PayoutBatch) -> list[str]:
    return []


def _use_nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class BankFormat:
    """How payments of an approved batch become a file.

    `key` is kept and sealed with each file, so it never changes. `check` returns what stands in the
    way of any file, in sentences that a clerk can act on; `fit` says of one payment whether the
    format takes it. `write` writes the file to a binary stream, the same bytes for the same file at
    any time: so it asks no setting and no clock. `take_settings` returns those that the file needs;
    they are kept, encrypted, with a file that `has_accounts`.
    """

    key: str
    name: str  # as menus have it
    hint: str = ""
    content_type: str
    extension: str
    write: Callable[[BinaryIO, BankFile], None]
    has_accounts: bool = False
    check: Callable[[PayoutBatch], list[str]] = _find_nothing
    fit: Callable[[Order, PayoutBatch], Fit] = _take
    take_settings: Callable[[], dict[str, Any]] = _use_nothing
    most: int | None = None  # payments in one file
    is_kept: bool = False  # where another machine would write other bytes, and no account is in it

    def name_file(self, batch: PayoutBatch, number: int) -> str:
        which = f"-{number}" if number > 1 else ""
        return f"payments-{format_month(batch.month)}{which}.{self.extension}"


def register_format(format: BankFormat) -> None:
    """Offer a format, after those that are there. Raises ImproperlyConfigured."""
    if not 0 < len(format.key) <= FORMAT_LENGTH:
        raise ImproperlyConfigured(
            f"The key “{format.key}” of a bank format should have 1 to {FORMAT_LENGTH} characters."
        )
    _formats.register(format)


def unregister_format(key: str) -> None:
    """Offer a format no longer. What was handed out stays recorded."""
    del _formats[key]


def list_formats() -> list[BankFormat]:
    """Return the formats in the order of menus; the first is chosen unless somebody says so."""
    return list(_formats.values())


def find_format(key: str) -> BankFormat:
    """Return the format with that key. Raises UnknownFormat."""
    try:
        return _formats[key]
    except KeyError:
        names = ", ".join(_formats)
        raise UnknownFormat(f"There is no format “{key}”. Choose one of: {names}.") from None
