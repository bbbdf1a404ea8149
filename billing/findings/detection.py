"""Rules that find non-human views in a month.

Each rule yields unsaved findings. Every rule needs many views, so that small blogs make no noise.
We chose the limits, because the Code of Practice has none; docs/counting.md says how.
"""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from billing.findings.chance import expect, is_beyond_chance, percent
from billing.findings.day_keys import (
    COUNTED,
    Known,
    find_busy_addresses,
    find_busy_readers,
    find_same_agents,
    make_finding,
    read,
)
from billing.models import BlogView, Finding, MonthlyViewCount
from billing.periods import iter_months, next_month, previous_month

Kind = Finding.Kind
Outcome = BlogView.Outcome

# Of a month. A quarter of the hours are between midnight and 6; people read a tenth of what they
# read then, programs a quarter.
MONTH_VIEWS = 100
ROBOT_SHARE = Fraction(3, 4)  # half of the web's requests come from robots, so half is normal
SPIKE_VIEWS = 300
VIEWS_PER_READER = 3
NIGHT_ENDS = dt.time(6)
NIGHT_SHARE = Fraction(1, 5)
NIGHT_TIMES_ELSEWHERE = 2
USUAL_NIGHT_SHARE = Fraction(1, 10)


class BlogMonth(NamedTuple):
    """The sums of one blog and author. A reader counts once a day, because keys change daily."""

    blog_id: int
    author_id: int
    received: int
    robots: int
    counted: int
    readers: int
    night: int


def detect(*, month: dt.date, known: Known) -> Iterator[Finding]:
    """Yield unsaved findings of a month.

    Any counted view with a `known` key is a finding. Six queries; each groups the month's views in
    the database.
    """
    sums = {(row.blog_id, row.author_id): row for row in _sum_up(month)}
    yield from find_busy_readers(month, sums, known)
    yield from find_busy_addresses(month, sums, known)
    yield from find_same_agents(month, known)
    yield from _find_odd_months(month, sums)
    yield from _find_spikes(month)


def _sum_up(month: dt.date) -> Iterator[BlogMonth]:
    rows = (
        BlogView.objects.in_month(month)
        .order_by()
        .values_list("blog_id", "author_id")
        .annotate(
            received=Count("*"),
            robots=Count("pk", filter=Q(outcome=Outcome.ROBOT)),
            counted=Count("pk", filter=COUNTED),
            readers=Count("reader_key", distinct=True, filter=COUNTED),
            night=Count("pk", filter=COUNTED & _is_by_night(month)),
        )
    )
    return (BlogMonth(*row) for row in rows.iterator())


def _is_by_night(month: dt.date) -> Q:
    """Views before 6 o'clock. The filter lists each day, because databases extract hours slowly."""
    is_by_night = Q()
    day = month
    while day < next_month(month):
        end = dt.datetime.combine(day, NIGHT_ENDS, tzinfo=timezone.get_default_timezone())
        is_by_night |= Q(day=day, viewed_at__lt=end)
        day += dt.timedelta(days=1)
    return is_by_night


def _find_odd_months(month, sums) -> Iterator[Finding]:
    site = (sum(row.night for row in sums.values()), sum(row.counted for row in sums.values()))
    for row in sums.values():
        if row.counted < MONTH_VIEWS:
            continue
        if row.robots >= ROBOT_SHARE * row.received:
            numbers = {"share": percent(row.robots, row.received), "received": row.received}
            yield make_finding(Kind.ROBOT_SHARE, month, row, row.counted, numbers=numbers)
        if row.counted >= VIEWS_PER_READER * row.readers:
            tenths = row.counted * 10 // row.readers
            numbers = {"readers": row.readers, "per_reader": f"{tenths // 10}.{tenths % 10}"}
            yield make_finding(Kind.VIEWS_PER_READER, month, row, row.counted, numbers=numbers)
        elsewhere = (site[0] - row.night, site[1] - row.counted)
        if _is_flat(row, elsewhere):
            numbers = {
                "share": percent(row.night, row.counted),
                "month_views": row.counted,
                "elsewhere": percent(*elsewhere),
            }
            yield make_finding(Kind.FLAT_NIGHT, month, row, row.night, numbers=numbers)


def _is_flat(row: BlogMonth, elsewhere: tuple[int, int]) -> bool:
    expected = expect(elsewhere, USUAL_NIGHT_SHARE)
    share = Fraction(row.night, row.counted)
    return (
        share >= NIGHT_SHARE
        and share >= NIGHT_TIMES_ELSEWHERE * expected
        and is_beyond_chance(row.night, row.counted, expected)
    )


def _find_spikes(month) -> Iterator[Finding]:
    """Yield blogs with more views than in the three months before. New blogs are left out."""
    first = previous_month(previous_month(previous_month(month)))
    rows = (
        MonthlyViewCount.objects.filter(month__in=[*iter_months(first, next_month(month))])
        .order_by()
        .values("blog_id", "author_id")
        .annotate(
            now=Sum("views", filter=Q(month=month)),
            before=Sum("views", filter=Q(month__lt=month)),
            months=Count("month", distinct=True, filter=Q(month__lt=month, views__gt=0)),
        )
        .filter(months=3, now__gte=SPIKE_VIEWS, now__gt=F("before"))
    )
    for row in read(rows):
        yield make_finding(Kind.SPIKE, month, row, row.now, numbers={"before": row.before})
