"""The sums of a batch's lines, and the way from the month's views to its paid views."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum
from django.utils.functional import cached_property

from billing.counting.equation import count_outcomes
from billing.models import BlogView, CategoryPrice, PaymentLine, PayoutBatch
from billing.payouts.due import find_unpriced
from billing.prices.rules import find_last_changes

Kind = PaymentLine.Kind
Outcome = BlogView.Outcome

TOLD_APART = ("kind", "month", "category_name", "price", "price_per_1000", "payment__status")


class LineSums:
    """The sums of a batch's lines, from one pass over them."""

    def __init__(self, batch: PayoutBatch):
        self.batch = batch

    @cached_property
    def rows(self) -> list[dict]:
        """Return views and amounts, grouped by everything that the page distinguishes."""
        lines = PaymentLine.objects.filter(payment__batch=self.batch).order_by()
        return list(lines.values(*TOLD_APART).annotate(views=Sum("views"), amount=Sum("amount")))

    @cached_property
    def categories(self) -> list[tuple[str, int, Decimal]]:
        """Return (name, views, amount), sorted by name."""
        views: Counter[str] = Counter()
        amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.rows:
            if row["kind"] == Kind.VIEWS:
                views[row["category_name"]] += row["views"]
                amounts[row["category_name"]] += row["amount"]
        return [(name, views[name], amounts[name]) for name in sorted(views)]

    @property
    def views(self):
        return sum(row["views"] for row in self.rows)

    @property
    def adjusted(self):
        return self._sum_amounts(Kind.ADJUSTMENT)

    @property
    def carried_in(self):
        return self._sum_amounts(Kind.CARRIED_IN)

    @property
    def total(self):
        """Return the exact total, before rounding and before anything is kept back."""
        return self._sum_amounts(*Kind)

    def _sum_amounts(self, *kinds):
        amounts = (row["amount"] for row in self.rows if row["kind"] in kinds)
        return sum(amounts, Decimal(0))

    @cached_property
    def prices(self) -> list[dict]:
        """Return the prices on the lines, each with the latest row of its history."""
        used = {row["price"]: row for row in self.rows if row["kind"] == Kind.VIEWS}
        prices = CategoryPrice.objects.in_bulk(used)
        changes = find_last_changes(prices.values())
        rows = [
            {
                "price": pk,
                "category_name": row["category_name"],
                "price_per_1000": row["price_per_1000"],
                "effective_from": prices[pk].effective_from,
                "last_change": changes.get(pk),
            }
            for pk, row in used.items()
        ]
        return sorted(rows, key=lambda row: (row["category_name"], row["effective_from"]))


@dataclass(frozen=True)
class Reconciliation:
    """All views received in the month, minus the unpaid ones, plus late ones: the paid views."""

    received: int
    excluded: list[tuple[str, str, int]]  # (outcome, its label, views)
    counted: int
    unpriced: int  # what waits for a price
    left: int  # what another batch pays; negative where views were taken away again
    late: int  # what this batch pays of earlier months
    held: int  # on its payments that are on hold
    carried: int  # on those that wait for the next batch

    @property
    def in_batch(self):
        return self.counted - self.unpriced - self.left + self.late

    @property
    def paid(self):
        return self.in_batch - self.held - self.carried


def reconcile(batch: PayoutBatch, sums: LineSums) -> Reconciliation:
    """Return the way from the month's views to the views on the batch's lines. Four queries."""
    outcomes = count_outcomes(batch.month)
    counted = outcomes.pop(Outcome.COUNTED)
    in_month: Counter[bool] = Counter()
    by_status: Counter[str] = Counter()
    for row in sums.rows:
        in_month[row["month"] == batch.month] += row["views"]
        by_status[row["payment__status"]] += row["views"]
    unpriced = sum(row.views for row in find_unpriced(batch.month))
    return Reconciliation(
        received=counted + sum(outcomes.values()),
        excluded=[(name, Outcome(name).label, views) for name, views in outcomes.items()],
        counted=counted,
        unpriced=unpriced,
        left=counted - unpriced - in_month[True],
        late=in_month[False],
        held=by_status["held"],
        carried=by_status["carried"],
    )
