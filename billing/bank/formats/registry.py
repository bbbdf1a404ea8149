"""What a format of files to the bank has to say, and which formats there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import ImproperlyConfigured

from billing.bank.registry import Registry
from billing.errors import UnknownFormat
from billing.models import PayoutBatch
from billing.models.seals import FORMAT_LENGTH

_formats: Registry["BankFormat"] = Registry("bank format")


def _find_nothing(batch: PayoutBatch) -> list[str]:
    return []


@dataclass(frozen=True, kw_only=True)
class BankFormat:
    """How an approved batch becomes a file.

    `key` is kept and sealed with each file, so it never changes. `write` writes what
    `batch.payments.paying()` pays, and no other payment, to a binary stream, the same bytes for the
    same rows; it runs once for each batch, in a transaction that holds the lock of payouts. `check`
    runs before it and returns what stands in the way of the file, in sentences that a clerk can act
    on.
    """

    key: str
    name: str  # as menus have it
    content_type: str
    file_name: Callable[[PayoutBatch], str]
    write: Callable[[BinaryIO, PayoutBatch], None]
    check: Callable[[PayoutBatch], list[str]] = _find_nothing


def register_format(format: BankFormat) -> None:
    """Offer a format, after those that are there. Raises ImproperlyConfigured."""
    if not 0 < len(format.key) <= FORMAT_LENGTH:
        raise ImproperlyConfigured(
            f"The key “{format.key}” of a bank format should have 1 to {FORMAT_LENGTH} characters."
        )
    _formats.register(format)


def unregister_format(key: str) -> None:
    """Offer a format no longer. Its files stay, and can be downloaded."""
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
