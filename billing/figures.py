"""Numbers for home pages: views and their cost so far. Read only."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.utils.formats import number_format

from billing.models import (
    CategoryPrice,
    DailyCategoryCount,
    DailyViewCount,
    Finding,
    MonthlyViewCount,
)
from billing.money import line_amount
from billing.periods import iter_months, month_of, next_month
from billing.prices.lookup import LoadedPrices, price_id_on
from weblog.models import Blog

EXCLUSIONS_SHOWN = 10
BLOGS_SHOWN = 5

type Sums = dict[tuple[dt.date, int], int]  # {(day, category): counted views}
type Prices = LoadedPrices[CategoryPrice]


@dataclass(frozen=True)
class MonthFigures:
    """Counted views of a month and what they cost; `unpriced` views have no price yet."""

    views: int = 0
    costs: Mapping[str, Decimal] = field(default_factory=dict)  # by currency
    unpriced: int = 0


def month_figures(*, month: dt.date, author: User | None = None) -> MonthFigures:
    """Return the figures of all views counted in a month, or of one author's. Two queries."""
    counts = _counts(author).filter(day__gte=month, day__lt=next_month(month))
    by_price = (
        counts.annotate(price=price_id_on("day"))
        .order_by()
        .values_list("price")
        .annotate(sum=Sum("views"))
    )
    views = dict(by_price)
    prices = CategoryPrice.objects.filter(pk__in=[price for price in views if price])
    priced = {price: views[price.pk] for price in prices}
    return _make_figures(priced, unpriced=views.get(None, 0))


def _make_figures(priced: Mapping[CategoryPrice, int], *, unpriced: int) -> MonthFigures:
    """Return the figures of {price: views}, to the millionth."""
    costs: defaultdict[str, Decimal] = defaultdict(Decimal)
    for price, views in priced.items():
        costs[price.currency] += line_amount(views=views, price_per_1000=price.price_per_1000)
    return MonthFigures(sum(priced.values()) + unpriced, dict(costs), unpriced)


def sum_by_day(*, first: dt.date, last: dt.date, author: User | None = None) -> Sums:
    """Return the counted views by day and category: of all blogs, or of an author's. One query.

    Those of all blogs are kept as sums: a house has ten million daily views of blogs.
    """
    counts = _counts(author) if author else DailyCategoryCount.objects.all()
    rows = counts.filter(day__range=(first, last)).order_by().values_list("day", "category")
    return {(day, category): views for day, category, views in rows.annotate(sum=Sum("views"))}


def load_prices() -> Prices:
    """Return all prices, to find the one of a day without a query. One query."""
    rows = CategoryPrice.objects.select_related("category").order_by()
    return LoadedPrices(rows, give=lambda price: price)


def select_days(sums: Sums, first: dt.date, last: dt.date) -> Sums:
    return {key: views for key, views in sums.items() if first <= key[0] <= last}


def price_out(sums: Sums, prices: Prices) -> MonthFigures:
    """Return what the views of these days cost: each day at its price."""
    used: dict[int, CategoryPrice] = {}
    found: Counter[int] = Counter()  # by key: a price itself takes long to hash
    unpriced = 0
    for (day, category), views in sums.items():
        if price := prices.find(category, day):
            used[price.pk] = price
            found[price.pk] += views
        else:
            unpriced += views
    return _make_figures({price: found[pk] for pk, price in used.items()}, unpriced=unpriced)


def cost_by_month(
    sums: Sums, prices: Prices, *, first: dt.date, last: dt.date
) -> dict[dt.date, dict[int, MonthFigures]]:
    """Return {month: {category: figures}} of the months from `first` to `last`. No query."""
    parts: dict[tuple[dt.date, int], Sums] = {}
    for (day, category), views in sums.items():
        if views:
            parts.setdefault((month_of(day), category), {})[day, category] = views
    return {
        month: {
            category: price_out(days, prices)
            for (of, category), days in parts.items()
            if of == month
        }
        for month in iter_months(first, next_month(last))
    }


def list_top_blogs(*, month: dt.date) -> list[MonthlyViewCount]:
    """Return the counts of the most read blogs of a month, the most read first. One query."""
    rows = MonthlyViewCount.objects.filter(month=month, views__gt=0).order_by("-views", "pk")
    return list(rows.select_related("blog", "author", "category")[:BLOGS_SHOWN])


def group_digits(number: int) -> str:
    return number_format(number, force_grouping=True)


def views_by_day(
    *, first: dt.date, last: dt.date, author: User | None = None, blog: Blog | None = None
) -> dict[dt.date, int]:
    """Return {day: counted views} for every day from `first` to `last` inclusive. One query.

    Of all blogs and authors, or of one.
    """
    counts = _counts(author)
    rows = (
        (counts if blog is None else counts.filter(blog=blog))
        .filter(day__range=(first, last))
        .order_by()
        .values_list("day")
        .annotate(sum=Sum("views"))
    )
    days = {first + dt.timedelta(days=n): 0 for n in range((last - first).days + 1)}
    return days | dict(rows)


def latest_exclusions(*, author: User, since: dt.date) -> list[Finding]:
    """Return the findings for which an author's views, of `since` or later, were excluded."""
    return list(
        Finding.objects.filter(author=author, month__gte=since, status=Finding.Status.EXCLUDED)
        .select_related("blog")
        .order_by("-decided_at")[:EXCLUSIONS_SHOWN]
    )


def _counts(author: User | None) -> QuerySet[DailyViewCount]:
    counts = DailyViewCount.objects.all()
    return counts if author is None else counts.filter(author=author)
