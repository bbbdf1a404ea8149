"""Which payments of a batch a file takes, which not and why, and what it changes in their texts.

A preview and the file itself ask the same. What is kept of each payment is its key, so a million
payments fit into memory; of what people read, the first rows.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from billing.bank.formats.registry import BankFormat, Fit
from billing.bank.orders import ROWS_AT_A_TIME, Order, add_payees, in_coins
from billing.models import PayoutBatch
from billing.proof.digests import hash_text

ROWS_SHOWN = 50
FULL = "This file is full: it goes into the next one of this format."


class Told(NamedTuple):
    """A payment and what the file changes in its texts."""

    order: Order
    text: str


@dataclass
class Choice:
    """What a file would hold, and why it does not take other payments that wait for one."""

    pks: array = field(default_factory=lambda: array("q"))
    total: Decimal = Decimal(0)
    numbers: Counter = field(default_factory=Counter)  # left out, by the reason
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    changed: list[Told] = field(default_factory=list)
    changed_count: int = 0

    @property
    def count(self) -> int:
        return len(self.pks)

    @property
    def reasons(self) -> list[tuple[str, int, Decimal]]:
        return [(why, number, self.sums[why]) for why, number in self.numbers.most_common()]

    @property
    def left_out_count(self) -> int:
        return sum(self.numbers.values())

    @property
    def seen(self) -> str:
        """Return what changes with the payments of the file."""
        return hash_text(f"{self.total:f} {self.pks.tobytes().hex()}")

    def take(self, pk: int, order: Order, fit: Fit) -> None:
        self.pks.append(pk)
        self.total += order.amount
        if fit.changes:
            self.changed_count += 1
            if len(self.changed) < ROWS_SHOWN:
                self.changed.append(Told(order, "; ".join(fit.changes)))

    def leave_out(self, order: Order, why: str) -> None:
        self.numbers[why] += 1
        self.sums[why] += order.amount


def choose_payments(batch: PayoutBatch, format: BankFormat) -> Choice:
    """Say what a file in the format would hold now."""
    choice = Choice()
    for pk, order in list_orders(batch, has_accounts=format.has_accounts):
        fit = judge(order, batch, format)
        if fit.refusal:
            choice.leave_out(order, fit.refusal)
        elif choice.count == format.most:
            choice.leave_out(order, FULL)
        else:
            choice.take(pk, order, fit)
    return choice


def judge(order: Order, batch: PayoutBatch, format: BankFormat) -> Fit:
    if order.unreadable and format.has_accounts:
        return Fit(f"The account {order.unreadable}.")
    return format.fit(order, batch)


def list_orders(
    batch: PayoutBatch, *, has_accounts: bool, payments: Any = None
) -> Iterator[tuple[int, Order]]:
    """Yield the payments that wait for a file, with their keys, by reference."""
    waiting = (batch.payments.waiting_for_file() if payments is None else payments).in_order()
    fields = ("pk", "reference", "author_name", "username", "amount")
    pks: dict[str, int] = {}

    def read() -> Iterator[Order]:
        rows = waiting.values_list(*fields)
        for pk, reference, author, username, amount in rows.iterator(chunk_size=ROWS_AT_A_TIME):
            pks[reference] = pk
            yield Order(reference, author, username, in_coins(batch, amount))

    orders = add_payees(batch, read()) if has_accounts else read()
    for order in orders:
        yield pks.pop(order.reference), order
