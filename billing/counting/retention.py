"""Retention of data about readers: salts for two days, views until they are paid and old.

Once a salt is destroyed, its keys lead to nobody, not even for somebody who knows the address.
Dropped views leave their number by day and outcome, which still explains all received views.
"""

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet

from billing.clocks import read_clock
from billing.counting.counts import COUNT_KEY
from billing.counting.local_salts import purge_salts
from billing.counting.readers import SALT_LIFETIME
from billing.errors import NotSealed
from billing.locks import Lock, hold_lock
from billing.models import (
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    PayoutBatch,
    ReaderSalt,
    RetiredViewTotal,
    ViewSeal,
)
from billing.periods import closes_on, day_of, month_of
from billing.proof.view_seals import append_view_seal, find_differing_portions, find_retirements

Outcome = BlogView.Outcome
Status = PayoutBatch.Status


@dataclass
class PurgeResult:
    """The numbers that purge_readers removed, and why views past retention are left, if any."""

    salts: int = 0
    days: int = 0
    views: int = 0
    hindrance: str = ""

    def __str__(self):
        line = f"{self.salts} salts destroyed; {self.views} views of {self.days} days dropped"
        return f"{line}. {self.hindrance}" if self.hindrance else f"{line}."


def purge_readers(*, at: dt.datetime | None = None) -> PurgeResult:
    """Destroy salts older than SALT_LIFETIME, and drop old views.

    Views past settings.VIEW_RETENTION_DAYS go day by day, oldest first, a transaction for each day.
    The first unsealed day stops it, so no day before the last retired one keeps views.
    """
    at = at or read_clock()
    result = PurgeResult(salts=_destroy_salts(at))
    end = day_of(at) - dt.timedelta(days=settings.VIEW_RETENTION_DAYS)
    while (day := _first_day()) and day < end:
        try:
            result.views += retire_day(day, at=at)
        except NotSealed as reason:
            result.hindrance = str(reason)
            break
        result.days += 1
    return result


def _destroy_salts(at: dt.datetime) -> int:
    """Destroy the salts in the database and the copies on this machine."""
    purge_salts(at=at)
    deleted, _ = ReaderSalt.objects.filter(created_at__lt=at - SALT_LIFETIME).delete()
    return deleted


def _first_day() -> dt.date | None:
    return BlogView.objects.aggregate(day=Min("day"))["day"]


@transaction.atomic
def retire_day(day: dt.date, *, at: dt.datetime) -> int:
    """Replace a day's views with sealed totals, and return their number.

    Raises NotSealed. Takes the locks of imports and of the fold, in the same order as an import.
    """
    hold_lock(Lock.INTAKE, Lock.FOLD)
    views = BlogView.objects.filter(day=day)
    outcomes, counted = _count(views)
    _require_sealed(day, counted=counted, at=at)
    append_view_seal(
        kind=ViewSeal.Kind.RETIREMENT,
        day=day,
        at=at,
        outcomes=outcomes,
        counted=[[*key[:3], number] for key, number in sorted(counted.items())],
    )
    known = dict(RetiredViewTotal.objects.filter(day=day).values_list("outcome", "views"))
    RetiredViewTotal.objects.bulk_create(
        [
            RetiredViewTotal(day=day, outcome=outcome, views=known.get(outcome, 0) + number)
            for outcome, number in outcomes.items()
        ],
        update_conflicts=True,
        unique_fields=["day", "outcome"],
        update_fields=["views"],
    )
    dropped, _ = views.delete()
    return dropped


def _count(views: QuerySet[BlogView]) -> tuple[Counter[str], Counter[tuple]]:
    """Return {outcome: views}, and {COUNT_KEY: views} of those that count. One query."""
    outcomes: Counter[str] = Counter()
    counted: Counter[tuple] = Counter()
    rows = views.order_by().values_list("outcome", *COUNT_KEY).annotate(number=Count("pk"))
    for outcome, *key, number in rows:
        outcomes[outcome] += number
        if outcome == Outcome.COUNTED:
            counted[tuple(key)] += number
    return outcomes, counted


def _require_sealed(day: dt.date, *, counted: Counter[tuple], at: dt.datetime) -> None:
    month = month_of(day)
    if closes_on(month) > day_of(at):
        raise NotSealed(f"Views of {month:%B %Y} are kept: the month is not closed.")
    if BlogView.objects.in_month(month).pending().exists():
        raise NotSealed(f"Views of {month:%B %Y} are kept: some are not counted yet.")
    if BlogView.objects.unsealed().filter(day=day).exists():
        raise NotSealed(f"Views of {day} are kept: some are not under seal yet.")
    if any(find_differing_portions(day)):
        raise NotSealed(f"Views of {day} are kept: they are not what was sealed. Verify payouts.")
    if _sum_counts(day) != _sum_retired(day) + counted:
        raise NotSealed(f"Views of {day} are kept: their sum is not what was counted that day.")
    if DailyViewCount.objects.filter(day=day).without_price().exists():
        raise NotSealed(f"Views of {day} are kept: some wait for a price. See the findings.")
    is_counted = MonthlyViewCount.objects.filter(month=month, views__gt=0).exists()
    if is_counted and not _is_signed(month):
        raise NotSealed(f"Views of {month:%B %Y} are kept: its payout batch is not approved.")


def _sum_counts(day: dt.date) -> Counter:
    rows = DailyViewCount.objects.filter(day=day, views__gt=0).values_list(*COUNT_KEY, "views")
    return Counter({row[:4]: row[4] for row in rows})


def _sum_retired(day: dt.date) -> Counter:
    """Return {(blog_id, author_id, category_id, day): views that were dropped after counting}."""
    sums: Counter = Counter()
    for seal in find_retirements(day):
        for *key, views in json.loads(seal.content)["counted"]:
            sums[*key, day] += views
    return sums


def _is_signed(month: dt.date) -> bool:
    return PayoutBatch.objects.filter(
        month=month, status__in=[Status.APPROVED, Status.PAID]
    ).exists()


def last_retired_day() -> dt.date | None:
    """Return the last day whose views were dropped, whose logs must not count again.

    An importer asks while it holds the lock "import_access_log", which keeps retire_day waiting.
    """
    return RetiredViewTotal.objects.aggregate(day=Max("day"))["day"]
