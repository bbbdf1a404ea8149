"""The account of all received views: auditors ask first where each one went.

Received = counted + uncounted by reason + waiting in the spool of the machine that shows the page.
Lost views stand beside the sum. Counted = paid + on a batch that is not approved yet + kept back by
an approved batch + waiting for a price + waiting for a batch.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.db.models.functions import TruncMonth

from billing.counting.spool_status import spool_status
from billing.models import (
    BlogView,
    DailyViewCount,
    LostViewTotal,
    MonthlyViewCount,
    Payment,
    PaymentLine,
    PayoutBatch,
    RetiredViewTotal,
)
from billing.periods import iter_months, month_of, next_month

Outcome = BlogView.Outcome
Status = PayoutBatch.Status

APPROVED = {Status.APPROVED, Status.PAID}
KEPT_BACK = {Payment.Status.HELD, Payment.Status.CARRIED, Payment.Status.FAILED}


@dataclass(frozen=True)
class OutcomeRow:
    """The views of a month with one outcome. For `retired` views only daily totals are left."""

    outcome: Outcome
    views: int
    retired: int

    @property
    def kept(self):
        return self.views - self.retired


@dataclass(frozen=True)
class BatchRow:
    """The views of a month that one batch pays: the month's own batch or a later one."""

    batch: PayoutBatch
    views: int


@dataclass(frozen=True)
class MonthEquation:
    """The account of a month's views. Parts and sums are counted separately and must agree."""

    month: dt.date
    outcomes: list[OutcomeRow]  # all but counted
    counted: OutcomeRow
    counts: int  # the daily counts, from which batches are paid
    batches: list[BatchRow]
    held: int  # on payments on hold, carried or failed, and on no later batch yet
    unpriced: int = 0  # counted, on days before their category's first price
    spooled: int = 0  # on this machine, until the next fold takes them in

    @property
    def received(self):
        return self.counted.views + sum(row.views for row in self.outcomes) + self.spooled

    @property
    def retired(self):
        return self.counted.retired + sum(row.retired for row in self.outcomes)

    @property
    def signed_batches(self):
        return [row for row in self.batches if row.batch.status in APPROVED]

    @property
    def unsigned_batches(self):
        return [row for row in self.batches if row.batch.status not in APPROVED]

    @property
    def paid(self):
        return sum(row.views for row in self.signed_batches)

    @property
    def in_check(self):
        return sum(row.views for row in self.unsigned_batches)

    @property
    def waiting(self):
        """Counted views on no batch. Negative if views were taken away after a batch held them."""
        return self.counts - self.paid - self.in_check - self.held - self.unpriced

    @property
    def unexplained(self):
        """Counts without a view, or counted views without a count. 0 unless data is damaged."""
        return self.counts - self.counted.views


def month_equation(month: dt.date) -> MonthEquation:
    """Return the account of the views of `month`. At most nine queries; reads the spool."""
    kept, retired = _sum_outcomes(_count_kept(month)), _sum_outcomes(_count_retired(month))
    rows = {
        outcome: OutcomeRow(outcome, kept[outcome] + retired[outcome], retired[outcome])
        for outcome in Outcome
    }
    batches, held = _place_views(month)
    days = DailyViewCount.objects.filter(day__gte=month, day__lt=next_month(month))
    return MonthEquation(
        month=month,
        counted=rows.pop(Outcome.COUNTED),
        outcomes=list(rows.values()),
        counts=days.aggregate(sum=Sum("views", default=0))["sum"],
        batches=batches,
        held=held,
        unpriced=days.without_price().aggregate(sum=Sum("views", default=0))["sum"],
        spooled=spool_status().by_month[month],
    )


def list_losses(month: dt.date) -> list[LostViewTotal]:
    """Return the lost views of the month, a row for each day and reason. One query."""
    rows = LostViewTotal.objects.filter(day__gte=month, day__lt=next_month(month))
    sums = rows.order_by("day", "reason").values("day", "reason").annotate(sum=Sum("views"))
    return [LostViewTotal(day=row["day"], reason=row["reason"], views=row["sum"]) for row in sums]


def count_outcomes(month: dt.date) -> dict[str, int]:
    """Return {outcome: views received in `month`}, dropped rows included. Two queries."""
    views = _sum_outcomes(_count_kept(month)) + _sum_outcomes(_count_retired(month))
    return {outcome: views[outcome] for outcome in Outcome}


def _count_kept(first: dt.date, last: dt.date | None = None) -> QuerySet:
    """Return (day, outcome, views) of the months from `first` to `last`.

    The query follows the index, which takes a third of the time of a sum by outcome alone.
    """
    views = BlogView.objects.filter(day__gte=first, day__lt=next_month(last or first))
    return views.order_by().values_list("day", "outcome").annotate(views=Count("*"))


def _count_retired(first: dt.date, last: dt.date | None = None) -> QuerySet:
    totals = RetiredViewTotal.objects.filter(day__gte=first, day__lt=next_month(last or first))
    return totals.values_list("day", "outcome", "views")


def _sum_outcomes(rows: QuerySet) -> Counter:
    sums: Counter = Counter()
    for _, outcome, views in rows:
        sums[outcome] += views
    return sums


def _place_views(month: dt.date) -> tuple[list[BatchRow], int]:
    """Return the month's views by standing batch, oldest first, and the views kept back.

    Views of a payment that was kept back count with the payment that took them over, if any.
    """
    lines = PaymentLine.objects.filter(
        kind=PaymentLine.Kind.VIEWS,
        month=month,
        payment__batch__in=PayoutBatch.objects.standing(),
    ).order_by()
    views_of = Counter(dict(lines.values_list("payment__batch").annotate(sum=Sum("views"))))
    kept_back = lines.filter(payment__status__in=KEPT_BACK, payment__batch__status__in=APPROVED)
    by_payment = {
        payment: (batch, views)
        for payment, batch, views in kept_back.values_list("payment", "payment__batch").annotate(
            sum=Sum("views")
        )
    }
    held = 0
    if by_payment:
        for batch, views in by_payment.values():
            views_of[batch] -= views
        outstanding = set(Payment.objects.outstanding().values_list("pk", flat=True))
        for payment, (batch, views) in _follow_carries(by_payment).items():
            if payment in outstanding:
                held += views
            else:
                views_of[batch] += views
    batches = PayoutBatch.objects.with_state().in_bulk(
        [pk for pk, views in views_of.items() if views]
    )
    return sorted((BatchRow(batches[pk], views_of[pk]) for pk in batches), key=_by_month), held


def _follow_carries(by_payment: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Return {payment: (its batch, views)}, with views at the last payment that took them over.

    One pass by month is enough, because carries only go forward in time.
    """
    carries = (
        PaymentLine.objects.filter(
            carried_from__isnull=False, payment__batch__in=PayoutBatch.objects.standing()
        )
        .order_by("payment__batch__month")
        .values_list("carried_from", "payment", "payment__batch")
    )
    for earlier, payment, batch in carries.iterator():
        if earlier in by_payment:
            _, views = by_payment.pop(earlier)
            _, others = by_payment.get(payment, (batch, 0))
            by_payment[payment] = (batch, views + others)
    return by_payment


def _by_month(row: BatchRow) -> tuple:
    return row.batch.month, row.batch.pk


@dataclass
class MonthRow:
    """A row of the overview."""

    month: dt.date
    outcomes: Counter = field(default_factory=Counter)
    counts: int = 0
    on_batches: int = 0
    unpriced: int = 0

    @property
    def received(self):
        return self.outcomes.total()

    @property
    def counted(self):
        return self.outcomes[Outcome.COUNTED]

    @property
    def robots(self):
        return self.outcomes[Outcome.ROBOT]

    @property
    def double_clicks(self):
        return self.outcomes[Outcome.DOUBLE_CLICK]

    @property
    def excluded(self):
        return self.outcomes[Outcome.EXCLUDED]

    @property
    def others(self):
        """Return the views of authors and staff, plus pending views."""
        return self.received - self.counted - self.robots - self.double_clicks - self.excluded

    @property
    def waiting(self):
        return self.counts - self.on_batches - self.unpriced


def list_months() -> list[dt.date]:
    """Return the months from the first that has any view or count to the last, newest first."""
    days = [
        day
        for model in (BlogView, RetiredViewTotal, DailyViewCount, LostViewTotal)
        # Not Min and Max in one query: SQLite then reads the whole index.
        for bound in (Min, Max)
        if (day := model.objects.aggregate(day=bound("day"))["day"])
    ]
    if not days:
        return []
    months = iter_months(month_of(min(days)), next_month(max(days)))
    return list(months)[::-1]


def make_overview(months: list[dt.date]) -> list[MonthRow]:
    """Return a row for each of `months`, which follow one another, newest first. Six queries."""
    if not months:
        return []
    rows = {month: MonthRow(month) for month in months}
    span = (months[-1], months[0])
    for day, outcome, views in chain(_count_kept(*span), _count_retired(*span)):
        rows[month_of(day)].outcomes[outcome] += views
    for month, views in _sum_by_month(MonthlyViewCount.objects.filter(month__in=months)):
        rows[month].counts = views
    unpriced = DailyViewCount.objects.without_price().annotate(month=TruncMonth("day"))
    for month, views in _sum_by_month(unpriced.filter(month__in=months)):
        rows[month].unpriced = views
    lines = PaymentLine.objects.filter(
        kind=PaymentLine.Kind.VIEWS, payment__batch__in=PayoutBatch.objects.standing()
    )
    for month, views in _sum_by_month(lines.filter(month__in=months)):
        rows[month].on_batches = views
    return list(rows.values())


def _sum_by_month(rows: QuerySet) -> QuerySet:
    return rows.order_by().values_list("month").annotate(sum=Sum("views"))
