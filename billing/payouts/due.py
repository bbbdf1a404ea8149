"""What is due: counted views, adjustments, and sums kept back.

Everything that other batches hold already comes off. So nothing is paid twice or forgotten, even if
views come late or somebody cancels a batch. A batch pays in its own currency alone: adjustments and
sums kept back in another wait for a batch in that one. So do views at a price in another; they are
listed here, and derivation leaves them out. Lines in dispute wait for their answer.
"""

import datetime as dt
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched, groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.models import DateField, Exists, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Least, TruncMonth

from billing.day_views import parse_days
from billing.findings.contested import find_contested
from billing.models import (
    Adjustment,
    CategoryPrice,
    DailyViewCount,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.money import in_millionths
from billing.payouts.disputed import find_disputed_adjustments, find_disputed_views
from billing.periods import month_of, next_month
from billing.prices.lookup import price_id_on
from weblog.models import Category

Kind = PaymentLine.Kind

BLOG_KEY = ("author_id", "blog_id", "category_id")
PRICED_KEY = (*BLOG_KEY, "month", "price_id")
ROWS_AT_A_TIME = 5_000


class Unpriced(NamedTuple):
    """A category's counted views of a month on days without a price."""

    category: int
    name: str
    views: int


def find_unpriced(month: dt.date) -> list[Unpriced]:
    """Return the month's views without a price by category, by name. Two queries.

    Late ones of earlier months wait by themselves: they are no reason to ask.
    """
    days = DailyViewCount.objects.without_price().filter(day__gte=month, day__lt=next_month(month))
    rows = days.order_by("category__name").values_list("category", "category__name")
    return [Unpriced(*row) for row in rows.annotate(sum=Sum("views"))]


def find_unpriced_categories(batch: PayoutBatch) -> QuerySet[Category]:
    """Return the categories with views of the batch's month without a price, if not left out.

    An index finds each: from a category's first price on, it has one for ever.
    """
    end = Value(next_month(batch.month), output_field=DateField())
    prices = CategoryPrice.objects.filter(category=OuterRef("pk")).order_by("effective_from")
    counts = DailyViewCount.objects.filter(
        category=OuterRef("pk"),
        views__gt=0,
        day__gte=batch.month,
        day__lt=Least(end, Coalesce(OuterRef("first_day"), end)),
    )
    categories = Category.objects.exclude(pk__in=batch.left_out_categories)
    first_day = Subquery(prices.values("effective_from")[:1])
    return categories.annotate(first_day=first_day).filter(Exists(counts))


def describe_unpriced(month: dt.date) -> str:
    """Return “120 views of Tech, 3 views of Travel”, or an empty text."""
    words = [(row, "view" if row.views == 1 else "views") for row in find_unpriced(month)]
    return ", ".join(f"{row.views:,} {views} of {row.name}" for row, views in words)


def find_due(batch: PayoutBatch) -> Iterator[tuple[int, list[Sequence]]]:
    """Yield (author_id, [(kind, ...), ...]) of all that the batch should pay, by author.

    Memory holds one author. _due_views, _due_adjustments and _due_carries say what follows a kind.
    """
    dues = heapq.merge(
        _due_views(batch), _due_adjustments(batch), _due_carries(batch), key=itemgetter(0)
    )
    for author, rows in groupby(dues, key=itemgetter(0)):
        yield author, [due for _, *due in rows]


def _due_views(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield (author_id, kind, blog_id, category_id, {day: views}), by author and blog."""
    counted = groupby(
        _counts_until(batch.month, months=[batch.month])
        .order_by(*BLOG_KEY, "day")
        .values_list(*BLOG_KEY, "day", "views")
        .iterator(ROWS_AT_A_TIME),
        key=itemgetter(0, 1, 2),
    )
    of_month = ((key, {row[3]: row[4] for row in rows}) for key, rows in counted)
    corrections = sorted(_find_corrections(batch).items(), key=itemgetter(0))
    merged = groupby(heapq.merge(of_month, corrections, key=itemgetter(0)), key=itemgetter(0))
    for (author, blog, category), parts in merged:
        _, days = next(parts)
        for _, more in parts:
            days = {day: days.get(day, 0) + more.get(day, 0) for day in {*days, *more}}
        yield author, Kind.VIEWS, blog, category, days


def _find_corrections(batch: PayoutBatch) -> dict[tuple, dict[dt.date, int]]:
    """Return {BLOG_KEY: {day: views}} to add to the month's counts.

    Views of the month that other batches hold, or that a finding holds back, come off. Views that
    came late to an earlier month with a batch come in, and views taken away there come off.
    """
    corrections: defaultdict[tuple, Counter[dt.date]] = defaultdict(Counter)
    held = _held_lines(batch).filter(month=batch.month)
    _take_off(held, corrections)
    _hold_back(batch.month, corrections)
    for key, days in find_disputed_views(batch).items():
        of_blog = corrections[key.author, key.blog, key.category]
        for day, views in days.items():
            of_blog[key.month.replace(day=day)] = views
    late = _find_late_blogs(batch)
    for blogs in batched(sorted(late), ROWS_AT_A_TIME):
        in_blogs = {"blog_id__in": {blog for blog, _ in blogs}}
        in_months = {month for _, month in blogs}
        counts = _counts_until(batch.month, months=in_months).filter(**in_blogs)
        for *key, day, views in counts.values_list(*BLOG_KEY, "day", "views"):
            if (key[1], month_of(day)) in late:
                corrections[tuple(key)][day] += views
        lines = _held_lines(batch).filter(month__in=in_months, **in_blogs)
        _take_off(lines, corrections, only=late)
    return {
        key: {day: views for day, views in days.items() if views}
        for key, days in corrections.items()
        if any(days.values())
    }


def _take_off(lines, corrections: dict[tuple, Counter], only: set[tuple] | None = None) -> None:
    keys = ("payment__author_id", "blog_id", "category_id")
    for *key, month, days in lines.values_list(*keys, "month", "days").iterator(ROWS_AT_A_TIME):
        if only is None or (key[1], month) in only:
            for day, views in parse_days(days).items():
                corrections[tuple(key)][month.replace(day=day)] -= views


def _hold_back(month: dt.date, corrections: dict[tuple, Counter]) -> None:
    """Take off the views that an open finding contests, unless another batch holds them already."""
    for key, days in find_contested(month).items():
        for day, views in days.items():
            on_others = max(-corrections[key][day], 0)
            corrections[key][day] -= max(views - on_others, 0)


def _find_late_blogs(batch: PayoutBatch) -> set[tuple[int, dt.date]]:
    """Return the (blog_id, month) of earlier months whose counts differ from their lines.

    Views that moved to another day at the same price make no difference, nor do those without a
    price. Two queries; the database adds up.
    """
    months = [month for month in _months_of(batch.month) if month != batch.month]
    counted = (
        _counts_until(batch.month, months=months)
        .annotate(price_id=price_id_on("day"))
        .exclude(price_id=None)
        .values_list(*PRICED_KEY)
        .annotate(sum=Sum("views"))
        .order_by(*PRICED_KEY)
        .iterator(ROWS_AT_A_TIME)
    )
    keys = ("payment__author_id", *PRICED_KEY[1:])
    held = (
        _held_lines(batch)
        .filter(month__in=months)
        .values_list(*keys)
        .annotate(sum=Sum("views"))
        .order_by(*keys)
        .iterator(ROWS_AT_A_TIME)
    )
    taken = ((*key, -views) for *key, views in held)
    merged = heapq.merge(counted, taken, key=itemgetter(slice(5)))
    return {
        (key[1], key[3])
        for key, rows in groupby(merged, key=itemgetter(slice(5)))
        if sum(row[5] for row in rows)
    }


def _held_lines(batch: PayoutBatch):
    """Return the lines of views on other batches that were not cancelled."""
    return PaymentLine.objects.standing().filter(kind=Kind.VIEWS).exclude(payment__batch=batch.pk)


def _counts_until(month: dt.date, *, months: Iterable[dt.date]):
    """Return the daily counts of `months` up to `month`."""
    return (
        DailyViewCount.objects.filter(
            day__gte=min(months, default=month), day__lt=next_month(month)
        )
        .annotate(month=TruncMonth("day"))
        .filter(month__in=months)
    )


def _months_of(month: dt.date) -> list[dt.date]:
    """Return the month and all earlier ones with a batch, whose late views this batch pays."""
    earlier = PayoutBatch.objects.standing().filter(month__lt=month)
    return [month, *earlier.values_list("month", flat=True)]


def _due_adjustments(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield (author_id, kind, adjustment_id, reason, millionths), by author."""
    adjustments = (
        Adjustment.objects.waiting(apart_from=batch if batch.pk else None)
        .filter(currency=batch.currency)
        .exclude(pk__in=find_disputed_adjustments())
        .annotate(millionths=in_millionths("amount"))
        .order_by("author_id", "pk")
        .values_list("author_id", "pk", "reason", "millionths")
    )
    for author, *facts in adjustments.iterator(ROWS_AT_A_TIME):
        yield author, Kind.ADJUSTMENT, *facts


def _due_carries(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield (author_id, kind, month, reference, reason, millionths), by author."""
    payments = (
        Payment.objects.outstanding(apart_from=batch if batch.pk else None)
        .filter(batch__month__lt=batch.month, batch__currency=batch.currency)
        .with_reason()
        .order_by("author_id", "batch__month", "pk")
        .values_list("author_id", "batch__month", "reference", "reason", "exact_millionths")
    )
    for author, *facts in payments.iterator(ROWS_AT_A_TIME):
        yield author, Kind.CARRIED_IN, *facts
