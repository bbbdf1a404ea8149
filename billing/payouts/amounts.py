"""What became of the amounts of payments: one answer for all pages, files, the books and checks.

Each payment of a batch is to be paid (without a result yet), paid, failed, on hold or carried
forward. What failed or was kept back **waits** until a later batch that takes it over is approved:
a draft that holds it can still be given up. So for each batch, and each author,

    total = to be paid + paid + failed
    failed + held + carried, each exact = waiting + passed on to a later batch
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, Sum

from billing.models import Payment, PayoutBatch
from billing.money import from_millionths, in_whole_numbers
from billing.querysets import PaymentQuerySet

Status = Payment.Status

EXACT = in_whole_numbers(F("amount") - F("rounding") + F("carried_amount"))


class Share(NamedTuple):
    """Some of the payments: their number, what they pay in coins, and the exact sum of lines."""

    payments: int = 0
    amount: Decimal = Decimal(0)
    exact: Decimal = Decimal(0)


NOTHING = Share()


@dataclass(frozen=True)
class Amounts:
    """The payments of a batch, or of an author, by what became of them."""

    payable: Share = NOTHING
    paid: Share = NOTHING
    failed: Share = NOTHING
    held: Share = NOTHING
    carried: Share = NOTHING
    waiting: Share = NOTHING  # of failed, held and carried: on no later batch that is approved
    failed_waiting: Share = NOTHING  # of these, what failed
    by_hand: Share = NOTHING  # of paid, what no file to the bank paid

    @property
    def by_status(self) -> dict[str, Share]:
        return {status.value: getattr(self, status.value) for status in Status}

    @property
    def total(self) -> Decimal:
        """Return what was signed to be paid."""
        return self.payable.amount + self.paid.amount + self.failed.amount

    @property
    def paying(self) -> int:
        """Return the number of payments that were signed to be paid."""
        return self.payable.payments + self.paid.payments + self.failed.payments

    @property
    def kept_back(self) -> Decimal:
        """Return what was never to be paid by it: on hold, or carried forward."""
        return self.held.exact + self.carried.exact

    @property
    def passed_on(self) -> Decimal:
        """Return what a later approved batch took over."""
        return self.failed.exact + self.kept_back - self.waiting.exact


def add_up_payments(payments: PaymentQuerySet, *, per: str = "batch") -> dict[Any, Amounts]:
    """Return {batch or author: Amounts} of the payments, which `per` says. One query."""
    waits = {"is_owed": True}
    shares: dict[str, Q] = {status.value: Q(status=status) for status in Status}
    shares |= {
        "waiting": Q(**waits),
        "failed_waiting": Q(status=Status.FAILED, **waits),
        "by_hand": Q(status=Status.PAID, is_by_hand=True),
    }
    sums: dict[str, Any] = {}
    for name, chosen in shares.items():
        sums[f"payments_of_{name}"] = Count("pk", filter=chosen)
        sums[f"amount_of_{name}"] = Sum("amount", filter=chosen, default=0)
        sums[f"exact_of_{name}"] = Sum(EXACT, filter=chosen, default=0)
    rows = payments.with_owed().with_by_hand().order_by().values(per).annotate(**sums)
    return {row.pop(per): _read(row, shares) for row in rows}


def _read(row: Mapping[str, Any], names: Mapping[str, Q]) -> Amounts:
    return Amounts(
        **{
            name: Share(
                row[f"payments_of_{name}"],
                Decimal(row[f"amount_of_{name}"]),
                from_millionths(int(row[f"exact_of_{name}"])),
            )
            for name in names
        }
    )


def add_up_batches(batches: Any) -> dict[int, Amounts]:
    """Return {batch: Amounts} for each of the batches, also for those without a payment."""
    keys = [batch.pk for batch in batches]
    found = add_up_payments(Payment.objects.filter(batch__in=keys))
    return {key: found.get(key, Amounts()) for key in keys}


def add_up_batch(batch: PayoutBatch) -> Amounts:
    return add_up_batches([batch])[batch.pk]
