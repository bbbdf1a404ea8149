"""What a file to the bank is made of: its facts, and the order to pay each payment."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import batched
from typing import Any, NamedTuple

from billing.errors import DetailsUnreadable, KeysMissing
from billing.models import ExportedPayment, PaymentExport, PayoutBatch
from billing.money import in_millionths, round_amount
from billing.payees.copies import PaidTo, read_paid_to

PAYMENTS_AT_A_TIME = 500
ROWS_AT_A_TIME = 5_000


class Order(NamedTuple):
    """A payment as a file asks for it. `paid_to` is known where the format has accounts."""

    reference: str
    author: str
    username: str
    amount: Decimal  # with the decimals of the currency
    paid_to: PaidTo | None = None
    unreadable: str = ""  # why it is not known


class Row(NamedTuple):
    """The same for a file without accounts; the amount is in millionths."""

    reference: str
    author: str
    username: str
    todays_username: str
    millionths: int


@dataclass(frozen=True)
class BankFile:
    """A file that is recorded, and so can be written at any time, each time the same."""

    export: PaymentExport
    settings: dict[str, Any] = field(default_factory=dict)  # as they were when it was made

    @property
    def batch(self) -> PayoutBatch:
        return self.export.batch

    @property
    def made_at(self) -> dt.datetime:
        return self.export.at

    @property
    def count(self) -> int:
        return self.export.payment_count or 0

    @property
    def total(self) -> Decimal:
        return in_coins(self.batch, self.export.total or Decimal(0))

    def orders(self) -> Iterator[Order]:
        """Yield the orders with the payees' accounts. Raises DetailsUnreadable and KeysMissing."""
        rows = self._rows().values_list(*ORDER_FIELDS)
        facts = (
            Order(reference, author, username, in_coins(self.batch, amount))
            for reference, author, username, amount in _stream(rows)
        )
        for order in add_payees(self.batch, facts):
            if order.unreadable:
                raise DetailsUnreadable(
                    f"The account of {order.reference} {order.unreadable}. The file can’t be made "
                    "again without it."
                )
            yield order

    def rows(self) -> Iterator[Row]:
        """Yield the rows of a file without accounts: few operations for each."""
        rows = self._rows().annotate(millionths=in_millionths("payment__amount"))
        fields = (*ORDER_FIELDS[:3], "payment__author__username", "millionths")
        yield from map(Row._make, _stream(rows.values_list(*fields)))

    def _rows(self) -> Any:
        return ExportedPayment.objects.filter(export=self.export).order_by("number")


ORDER_FIELDS = (
    "payment__reference", "payment__author_name", "payment__username", "payment__amount",
)  # fmt: skip


def _stream(rows: Any) -> Iterator[Any]:
    return rows.iterator(chunk_size=ROWS_AT_A_TIME)


def in_coins(batch: PayoutBatch, amount: Decimal) -> Decimal:
    return round_amount(amount, currency=batch.currency, decimals=batch.coin_decimals)


def add_payees(batch: PayoutBatch, orders: Iterable[Order]) -> Iterator[Order]:
    """Yield the orders with whom they pay, as submitted, or with why that can't be read."""
    for portion in batched(orders, PAYMENTS_AT_A_TIME):
        found, unreadable = _read(batch, [order.reference for order in portion])
        for order in portion:
            reference = order.reference
            yield order._replace(
                paid_to=found.get(reference), unreadable=unreadable.get(reference, "")
            )


def _read(batch: PayoutBatch, references: list[str]) -> tuple[dict[str, PaidTo], dict[str, str]]:
    try:
        return {paid.reference: paid for paid in read_paid_to(batch, references=references)}, {}
    except KeysMissing as error:
        return {}, dict.fromkeys(references, f"can’t be read: {error}")
    except DetailsUnreadable as error:
        if len(references) == 1:
            return {}, {references[0]: str(error)}
    found: dict[str, PaidTo] = {}
    unreadable: dict[str, str] = {}
    for reference in references:  # one that can't be read keeps no other back
        one, why = _read(batch, [reference])
        found |= one
        unreadable |= why
    return found, unreadable
