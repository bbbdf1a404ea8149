"""Checks that counts equal their views, and that batches pay no more views than came in.

The database does the work and returns only the first difference.
"""

import datetime as dt
from collections import Counter

from django.db import connection
from django.db.models import Min, Sum

from billing.counting.equation import list_months
from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    PayoutBatch,
    RetiredViewTotal,
    Verification,
    ViewSeal,
)
from billing.periods import next_month
from billing.proof.view_seals import find_retirements
from billing.verification.differences import Difference
from billing.verification.retired_views import check_retired_views, find_count
from billing.verification.sql import as_number, unpack_days
from billing.verification.views import check_sealed_views, is_new

Outcome = BlogView.Outcome

ONE_DAY = "/P1D"  # follows a date, as in ISO 8601

VIEWS_AND_COUNTS = """
SELECT blog_id, author_id, category_id, SUM(viewed) AS viewed, SUM(counted) AS counted
FROM (
    SELECT blog_id, author_id, category_id, COUNT(*) AS viewed, 0 AS counted
    FROM billing_blogview WHERE day = %(day)s AND outcome = 'counted' GROUP BY 1, 2, 3
    UNION ALL
    SELECT blog_id, author_id, category_id, 0, views FROM billing_dailyviewcount WHERE day = %(day)s
) both_sides
GROUP BY 1, 2, 3 HAVING SUM(viewed) <> SUM(counted) ORDER BY 1, 2, 3 LIMIT 1
"""

DAYS_AND_MONTHS = """
SELECT blog_id, author_id, category_id, SUM(of_days) AS of_days, SUM(of_month) AS of_month
FROM (
    SELECT blog_id, author_id, category_id, views AS of_days, 0 AS of_month
    FROM billing_dailyviewcount WHERE day >= %(month)s AND day < %(next_month)s
    UNION ALL
    SELECT blog_id, author_id, category_id, 0, views
    FROM billing_monthlyviewcount WHERE month = %(month)s
) both_sides
GROUP BY 1, 2, 3 HAVING SUM(of_days) <> SUM(of_month) ORDER BY 1, 2, 3 LIMIT 1
"""

DAYS_AND_CATEGORIES = """
SELECT category_id, day, SUM(of_blogs) AS of_blogs, SUM(of_category) AS of_category
FROM (
    SELECT category_id, day, views AS of_blogs, 0 AS of_category
    FROM billing_dailyviewcount WHERE day >= %(month)s AND day < %(next_month)s
    UNION ALL
    SELECT category_id, day, 0, views
    FROM billing_dailycategorycount WHERE day >= %(month)s AND day < %(next_month)s
) both_sides
GROUP BY 1, 2 HAVING SUM(of_blogs) <> SUM(of_category) ORDER BY 1, 2 LIMIT 1
"""

# The views of each day on signed and on other standing batches, beside the counted ones.
LINES_AND_COUNTS = """
SELECT blog_id, author_id, category_id, day, SUM(held) AS held, SUM(counted) AS counted
FROM (
    SELECT l.blog_id, p.author_id, l.category_id,
        {month} + CAST(days.key AS INTEGER) - 1 AS day, CAST(days.value AS BIGINT) AS held,
        0 AS counted
    FROM billing_paymentline l
    JOIN billing_payment p ON p.id = l.payment_id
    JOIN billing_payoutbatch b ON b.id = p.batch_id
    CROSS JOIN {days} days
    WHERE l.kind = 'views' AND l.month = %(month)s AND b.status <> 'cancelled'
    UNION ALL
    SELECT blog_id, author_id, category_id, {day}, 0, views
    FROM billing_dailyviewcount WHERE day >= %(month)s AND day < %(next_month)s
) both_sides
GROUP BY 1, 2, 3, 4 HAVING SUM(held) <> SUM(counted) ORDER BY 1, 2, 3, 4
"""


def list_counted_months() -> set[dt.date]:
    """Return the months that have any view or count, sums by month or category included."""
    return {
        *list_months(),
        *MonthlyViewCount.objects.dates("month", "month"),
        *DailyCategoryCount.objects.dates("day", "month"),
    }


def split_by_day(key: str) -> list[str]:
    """Return the keys of the days of a month, for check_views."""
    month = dt.date.fromisoformat(key)
    days = (next_month(month) - month).days
    return [f"{month + dt.timedelta(days=day)}{ONE_DAY}" for day in range(days)]


def check_views(run: Verification, key: str, after: str, numbers: Counter) -> str:
    """Check the first day after `after`, and return it, or "" at the end. `key` is month or day.

    That is its views against their seals, and its counts against its views.
    """
    first = start = dt.date.fromisoformat(key.removesuffix(ONE_DAY))
    end = start + dt.timedelta(days=1) if key.endswith(ONE_DAY) else next_month(start)
    if after:
        first = max(start, dt.date.fromisoformat(after) + dt.timedelta(days=1))
    day = _find_day(first, end) if first < end else None
    if day is None:
        return ""
    if is_new(day, after=run.views_after):
        check_sealed_views(day, numbers)
    counts = DailyViewCount.objects.filter(day=day)
    counted = counts.aggregate(sum=Sum("views", default=0))["sum"]
    retirements = list(find_retirements(day))
    if retirements or RetiredViewTotal.objects.filter(day=day).exists():
        check_retired_views(day, retirements)
    elif row := _fetch_one(VIEWS_AND_COUNTS, {"day": day}):
        *blog, viewed, counted = row
        raise Difference(
            find_count(DailyViewCount, blog, day=day),
            f"says {counted} views of the blog on {day}",
            f"{viewed} of the views that are kept were counted",
        )
    numbers["days"] += 1
    numbers["views"] += counted
    return day.isoformat()


def _find_day(first: dt.date, end: dt.date) -> dt.date | None:
    of_views = ViewSeal.objects.exclude(kind=ViewSeal.Kind.SUBMISSION)
    tables = (BlogView.objects, DailyViewCount.objects, RetiredViewTotal.objects, of_views)
    days = [
        rows.filter(day__gte=first, day__lt=end).aggregate(day=Min("day"))["day"] for rows in tables
    ]
    return min(filter(None, days), default=None)


def check_months(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the counts of months, and those of categories, are the sums of the daily ones."""
    month = dt.date.fromisoformat(key)
    span = {"month": month, "next_month": next_month(month)}
    other_days = MonthlyViewCount.objects.filter(month__gt=month, month__lt=next_month(month))
    if count := other_days.first():
        raise Difference(count, f"is of {count.month}", "a month is named by its first day")
    if row := _fetch_one(DAYS_AND_MONTHS, span):
        *blog, of_days, of_month = row
        raise Difference(
            find_count(MonthlyViewCount, blog, month=month),
            f"says {of_month} views",
            f"the days add up to {of_days}",
        )
    if row := _fetch_one(DAYS_AND_CATEGORIES, span):
        category, day, of_blogs, of_category = row
        raise Difference(
            DailyCategoryCount.objects.filter(category=category, day=day).first()
            or f"The missing daily views of a category (category {category}, day {day})",
            f"says {of_category} views",
            f"the blogs add up to {of_blogs}",
        )


def check_paid_views(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check the views on batches against the counts, and add up the views that wait.

    Late views, and views excluded or counted again since, wait for the next batch. Batches that
    hold more views of a day than ever came in are a difference.
    """
    month = dt.date.fromisoformat(key)
    if not PayoutBatch.objects.signed().filter(month=month).exists():
        return
    statement = LINES_AND_COUNTS.format(
        month=as_number("l.month"), days=unpack_days("l.days"), day=as_number("day")
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"month": month, "next_month": next_month(month)})
        while rows := cursor.fetchmany(1_000):
            for *blog, day, held, counted in rows:
                if held > counted:
                    _check_taken_away(blog, month.replace(day=day % 100), held)
                numbers["waiting"] += abs(int(counted - held))


def _check_taken_away(blog: list[int], day: dt.date, held: int) -> None:
    """Check that the day has enough views, counted or not, for the number on the batch."""
    if RetiredViewTotal.objects.filter(day=day).exists():
        views = RetiredViewTotal.objects.filter(day=day)
        viewed = views.aggregate(sum=Sum("views"))["sum"]
    else:
        facts = dict(zip(("blog", "author", "category"), blog, strict=True))
        viewed = BlogView.objects.human().filter(day=day, **facts).count()
    if held > viewed:
        raise Difference(
            f"The lines of blog {blog[0]}, author {blog[1]}, category {blog[2]} "
            "(billing_paymentline)",
            f"hold {held} views of {day}",
            f"no more than {viewed} came in that day",
        )


def _fetch_one(statement: str, values: dict) -> tuple | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()
