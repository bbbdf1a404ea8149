"""Derives anew which views each batch had to take in, from what was under seal at its submission.

A month at a time, for its own batch and for the later ones, which take in what came late. What a
day came to then is worked out from the views sealed until then, where any came since. The database
returns only the days on which views and lines differ; the others are as they should be.

It can't tell what views that were dropped since came to before later ones of the same day, nor what
a batch had to leave to another whose draft was built again later: it counts those.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from billing.models import (
    CategoryPrice,
    PaymentLine,
    PayoutBatch,
    Verification,
    ViewSeal,
)
from billing.periods import next_month
from billing.verification.differences import Difference
from billing.verification.disputes import find_disputed_then
from billing.verification.past_prices import PastPrices
from billing.verification.past_views import PastViews
from billing.verification.sql import as_number, unpack_days
from billing.verification.submissions import Submission, list_submissions
from weblog.models import Blog

Key = tuple[int, int, int]  # blog, author, category

# Days on which the lines of the batch and of those beside it differ from the counts, and `days`.
LINES_AND_COUNTS = """
SELECT blog_id, author_id, category_id, day, SUM(own), SUM(others), SUM(counted) FROM (
    SELECT l.blog_id, p.author_id, l.category_id,
        {month} + CAST(part.key AS INTEGER) - 1 AS day,
        CASE WHEN p.batch_id = %(batch)s THEN CAST(part.value AS BIGINT) ELSE 0 END AS own,
        CASE WHEN p.batch_id = %(batch)s THEN 0 ELSE CAST(part.value AS BIGINT) END AS others,
        0 AS counted
    FROM billing_paymentline l
    JOIN billing_payment p ON p.id = l.payment_id
    CROSS JOIN {parts} part
    WHERE l.kind = 'views' AND l.month = %(month)s AND p.batch_id IN ({batches})
    UNION ALL
    SELECT blog_id, author_id, category_id, {day}, 0, 0, views
    FROM billing_dailyviewcount WHERE day >= %(month)s AND day < %(next_month)s
) all_sides
GROUP BY 1, 2, 3, 4 HAVING SUM(own) + SUM(others) <> SUM(counted) OR day IN ({days})
"""


@dataclass
class Day:
    """The views of a blog on a day: on the batch, on others beside it, and those that counted."""

    own: int = 0
    others: int = 0
    counted: int = 0
    held_back: int = 0

    @property
    def should(self):
        """The views that the batch had to take in: findings hold back what no other batch has."""
        return self.counted - self.others - max(self.held_back - self.others, 0)


Days = defaultdict[tuple[Key, dt.date], Day]


def check_taken_in(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each batch with a seal of views took in the month's views that it had to."""
    month = dt.date.fromisoformat(key)
    of_month = set(PayoutBatch.objects.filter(month=month).values_list("pk", flat=True))
    before: Submission | None = None
    for submission in list_submissions(month):
        if submission.seal is None:
            before = None
        elif submission.batch.month != month and not of_month & submission.beside:
            continue
        elif _may_hold(month, submission.rebuilt):
            numbers["untold"] += 1
            before = None
        elif before is None or _has_changed(month, before, submission):
            is_settled = _check_month(month, submission, numbers)
            before = submission if is_settled else None
        else:
            before = submission


def _may_hold(month: dt.date, batches: Iterable[int]) -> bool:
    return PayoutBatch.objects.filter(pk__in=batches, month__gte=month).exists()


def _has_changed(month: dt.date, before: Submission, now: Submission) -> bool:
    """Whether `now` may have had to take in views that `before` had not."""
    if now.batch.currency != before.batch.currency:
        return True
    batches = (before.beside | {before.batch.pk}) ^ (now.beside | {now.batch.pk})
    lines = PaymentLine.objects.filter(kind=PaymentLine.Kind.VIEWS, month=month)
    prices = CategoryPrice.history.filter(history_date__gt=before.at, history_date__lt=now.at)
    seals = ViewSeal.objects.exclude(kind=ViewSeal.Kind.SUBMISSION).filter(
        number__gt=before.seal, number__lt=now.seal, day__gte=month, day__lte=next_month(month)
    )
    return lines.filter(payment__batch__in=batches).exists() or seals.exists() or prices.exists()


def _check_month(month: dt.date, submission: Submission, numbers: Counter) -> bool:
    """Check what the batch took in of the month, and return whether nothing was left to others."""
    past = PastViews(month, seal=submission.seal or 0)
    is_own = submission.batch.month == month
    held_back = past.find_held_back(at=submission.at) if is_own else Counter()
    days = _read_days(month, submission, past, held_back)
    if untold := len(past.untold_days) + len(past.untold_blogs):
        numbers["untold"] += untold
    prices = PastPrices(submission.at)
    groups: defaultdict[tuple[Key, int], dict[dt.date, Day]] = defaultdict(dict)
    for (blog, day), views in days.items():
        price = prices.find(blog[2], day)
        if price and price.currency in ("", submission.batch.currency):
            groups[blog, price.pk][day] = views
        elif views.own:
            raise _describe(submission, blog, day, views.own, 0)
    disputed = {
        key
        for key, dispute in find_disputed_then(submission.batch).items()
        if dispute.month == month
    }
    for (blog, price_id), of_price in sorted(groups.items()):
        if (blog, price_id) in disputed:  # what it may have of those says check_disputes
            continue
        if blog[:2] not in past.untold_blogs and not past.untold_days & of_price.keys():
            _check_group(submission, blog, price_id, of_price)
    return not (held_back or disputed or past.untold_days or past.untold_blogs)


def _check_group(submission: Submission, blog: Key, price: int, days: dict[dt.date, Day]) -> None:
    """Check the days of one price: they are on a line unless they come to 0 together."""
    own = sum(views.own for views in days.values())
    should = sum(views.should for views in days.values())
    for day, views in sorted(days.items()):
        if views.own != views.should and (
            own != should or _has_line(submission, blog, price, day.replace(day=1))
        ):
            raise _describe(submission, blog, day, views.own, views.should)


def _has_line(submission: Submission, blog: Key, price: int, month: dt.date) -> bool:
    lines = PaymentLine.objects.filter(payment__batch=submission.batch, month=month, price=price)
    key = dict(zip(("blog", "payment__author", "category"), blog, strict=True))
    return lines.filter(kind=PaymentLine.Kind.VIEWS, **key).exists()


def _describe(submission: Submission, blog: Key, day: dt.date, own: int, should: int) -> Difference:
    return Difference(
        submission.batch,
        f"takes in {own:,} views of “{Blog.objects.get(pk=blog[0])}” (blog {blog[0]}, author "
        f"{blog[1]}, category {blog[2]}) of {day}",
        f"{should:,} were due to it by what was under seal before seal {submission.seal} of views",
    )


def _read_days(month: dt.date, submission: Submission, past: PastViews, held_back: Counter) -> Days:
    """Return the days on which lines differ from counts, and all those on which counts changed."""
    days: Days = defaultdict(Day)
    for blog, day, own, others, counted in _read_lines(
        month, submission, past.days | {day for _, day in held_back}
    ):
        days[blog, day] = Day(own, others, 0 if day in past.days else counted)
    for day in past.days - past.untold_days:
        for blog, counted in past.count(day).items():
            days[blog, day].counted = counted
    for place, views in held_back.items():
        days[place].held_back = views
    return days


def _read_lines(
    month: dt.date, submission: Submission, shown: set[dt.date]
) -> Iterator[tuple[Key, dt.date, int, int, int]]:
    batch = submission.batch.pk
    statement = LINES_AND_COUNTS.format(
        month=as_number("l.month"),
        day=as_number("day"),
        parts=unpack_days("l.days"),
        batches=", ".join(map(str, [batch, *submission.beside])),
        days=", ".join(f"{day:%Y%m%d}" for day in shown) or "NULL",
    )
    values: dict[str, Any] = {"batch": batch, "month": month, "next_month": next_month(month)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        while rows := cursor.fetchmany(1_000):
            for blog, author, category, day, *sums in rows:
                own, others, counted = map(int, sums)
                yield (blog, author, category), month.replace(day=day % 100), own, others, counted
