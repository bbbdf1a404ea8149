"""Whether the views of a day are settled for good, so that they may leave the table."""

import datetime as dt
import json
from collections import Counter

from django.db.models import Count, QuerySet

from billing.counting.counts import COUNT_KEY
from billing.errors import NotAsSealed, NotSealed
from billing.models import BlogView, DailyViewCount, MonthlyViewCount, PayoutBatch
from billing.periods import closes_on, day_of, month_of
from billing.proof.view_seals import find_differing_portions, find_retirements

Outcome = BlogView.Outcome
Status = PayoutBatch.Status


def count_views(views: QuerySet[BlogView]) -> tuple[Counter[str], Counter[tuple]]:
    """Return {outcome: views}, and {COUNT_KEY: views} of those that count. One query."""
    outcomes: Counter[str] = Counter()
    counted: Counter[tuple] = Counter()
    rows = views.order_by().values_list("outcome", *COUNT_KEY).annotate(number=Count("pk"))
    for outcome, *key, number in rows:
        outcomes[outcome] += number
        if outcome == Outcome.COUNTED:
            counted[tuple(key)] += number
    return outcomes, counted


def require_sealed(day: dt.date, *, counted: Counter[tuple], at: dt.datetime) -> None:
    """Check that nothing of a day is open any more: its month is signed, its views are sealed.

    Raises NotSealed, NotAsSealed. `counted` is what count_views says of the day.
    """
    month = month_of(day)
    if closes_on(month) > day_of(at):
        raise NotSealed(f"Views of {month:%B %Y} are kept: the month is not closed.")
    if BlogView.objects.in_month(month).pending().exists():
        raise NotSealed(f"Views of {month:%B %Y} are kept: some are not counted yet.")
    if BlogView.objects.unsealed().filter(day=day).exists():
        raise NotSealed(f"Views of {day} are kept: some are not under seal yet.")
    if any(find_differing_portions(day)):
        raise NotAsSealed(f"Views of {day} are kept: they are not what was sealed. Verify payouts.")
    if _sum_counts(day) != _sum_retired(day) + counted:
        raise NotAsSealed(f"Views of {day} are kept: their sum is not what was counted that day.")
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
