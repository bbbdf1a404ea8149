"""What the modules of acts share: the act itself, and since when acts count for a batch."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Lag

from billing.models import BatchAct, PayoutBatch

Status = PayoutBatch.Status


class Act(NamedTuple):
    """What somebody did. The effect is in the batch's currency, exact."""

    kind: BatchAct.Kind
    source: str
    text: str
    effect: Decimal
    by_id: int
    at: dt.datetime


class Period(NamedTuple):
    """From when to when acts count for a batch; None has no end on that side.

    It begins with the submission of the last approved batch before it, from which on nothing could
    change that one any more. It ends with the batch's own. Histories are compared with the history
    of the submissions, so that one clock said both.
    """

    batch: PayoutBatch
    start: dt.datetime | None
    stated_start: dt.datetime | None
    end: dt.datetime | None

    @property
    def month_start(self) -> dt.datetime:
        return dt.datetime.combine(self.batch.month, dt.time.min, ZoneInfo(self.batch.time_zone))

    def began_by(self, moment: dt.datetime) -> bool:
        return self.start is None or moment >= self.start

    def recorded(self, history: QuerySet, or_if: Q | None = None) -> QuerySet:
        """Return the records of people in the period, and those before it that fulfil `or_if`."""
        if self.end:
            history = history.filter(history_date__lte=self.end)
        if self.start:
            since = Q(history_date__gte=self.start)
            history = history.filter(since if or_if is None else since | or_if)
        return history.filter(history_user__isnull=False)


def find_period(batch: PayoutBatch) -> Period:
    approved = PayoutBatch.objects.filter(status__in=(Status.APPROVED, Status.PAID))
    end = _find_submission(batch) if batch.submitted_at else None
    if end:  # what was approved since does not change what counts
        steps = PayoutBatch.history.filter(status=Status.APPROVED, history_date__lte=end)
        approved = approved.filter(pk__in=steps.values("id"))
    previous = approved.filter(month__lt=batch.month).order_by("-month", "-attempt").first()
    if previous is None:
        return Period(batch, None, None, end)
    return Period(
        batch, _find_submission(previous) or previous.submitted_at, previous.submitted_at, end
    )


def _find_submission(batch: PayoutBatch) -> dt.datetime | None:
    """Return when the batch's history recorded its last submission."""
    submissions = batch.history.filter(status=Status.SUBMITTED, approved_by=None)
    return submissions.order_by("-history_id").values_list("history_date", flat=True).first()


def with_values_before(history: QuerySet, *names: str) -> QuerySet:
    """Add `before_<name>` to history records: the value in the record before, or None."""
    return history.annotate(
        **{
            f"before_{name}": Window(
                Lag(name), partition_by=F("id"), order_by=F("history_id").asc()
            )
            for name in names
        }
    )
