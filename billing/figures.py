"""Numbers for home pages: views and their cost so far. Read only."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Sum, Value
from django.utils.formats import number_format

from billing.models import CategoryPrice, DailyViewCount, Finding, MonthlyViewCount
from billing.money import line_amount
from billing.periods import iter_months, month_of, next_month
from billing.prices.lookup import LoadedPrices, price_id_on
from weblog.models import Blog

EXCLUSIONS_SHOWN = 10
BLOGS_SHOWN = 5

type Sums = dict[tuple[dt.date, int], int]  # {(day or month, category): counted views}
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
    """Return the counted views by day and category: of all blogs, or of an author's. One query."""
    rows = _counts(author).filter(day__range=(first, last)).order_by()
    sums = rows.values_list("day", "category").annotate(sum=Sum("views"))
    return {(day, category): views for day, category, views in sums}


def sum_by_day_and_month(
    *, first: dt.date, last: dt.date, months: tuple[dt.date, dt.date], prices: Prices
) -> tuple[Sums, Sums]:
    """Return the counted views of all blogs by day and category, and by month. One query.

    The days are those from `first` to `last`, and of the months in which a price begins midway:
    what the others cost is known from the counts of months. A house has ten million days.
    """
    wanted = Q(day__range=(first, last))
    for month, category in find_split_months(prices, *months):
        wanted |= Q(category=category, day__gte=month, day__lt=next_month(month))
    days = _counts(None).filter(wanted).values_list("day", "category", Value("day"))
    by_month = MonthlyViewCount.objects.filter(month__range=months)
    both = [
        rows.order_by().annotate(sum=Sum("views"))
        for rows in (days, by_month.values_list("month", "category", Value("month")))
    ]
    found: dict[str, Sums] = {"day": {}, "month": {}}
    for day, category, kind, views in both[0].union(both[1], all=True).order_by():
        found[kind][day, category] = views
    return found["day"], found["month"]


def load_prices() -> Prices:
    """Return all prices, to find the one of a day without a query. One query."""
    rows = CategoryPrice.objects.select_related("category").order_by()
    return LoadedPrices(rows, give=lambda price: price)


def find_split_months(prices: Prices, first: dt.date, last: dt.date) -> list[tuple[dt.date, int]]:
    """Return the months and categories from `first` to `last` in which a price begins midway."""
    starts = {(price.effective_from, price.category_id) for price in prices}
    return [
        (month_of(day), category)
        for day, category in sorted(starts)
        if first <= month_of(day) <= last and day.day > 1
    ]


def select_days(sums: Sums, first: dt.date, last: dt.date) -> Sums:
    return {key: views for key, views in sums.items() if first <= key[0] <= last}


def price_out(sums: Sums, prices: Prices) -> MonthFigures:
    """Return what the views of these days cost: each day at its price."""
    found: Counter[CategoryPrice | None] = Counter()
    for (day, category), views in sums.items():
        found[prices.find(category, day)] += views
    unpriced = found.pop(None, 0)
    return _make_figures({price: n for price, n in found.items() if price}, unpriced=unpriced)


def cost_by_month(
    *, first: dt.date, last: dt.date, prices: Prices, days: Sums, months: Sums
) -> dict[dt.date, dict[int, MonthFigures]]:
    """Return {month: {category: figures}} of the months from `first` to `last`. No query.

    `days` and `months` are what sum_by_day_and_month returns. A month in which the price stands
    still is its views at that price.
    """
    parts: dict[tuple[dt.date, int], Sums] = {key: {key: months[key]} for key in months}
    split: dict[tuple[dt.date, int], Sums] = {
        key: {} for key in find_split_months(prices, first, last) if key in months
    }
    for (day, category), views in days.items():
        if (part := split.get((month_of(day), category))) is not None:
            part[day, category] = views
    found: dict[dt.date, dict[int, MonthFigures]] = {
        month: {} for month in iter_months(first, next_month(last))
    }
    for (month, category), sums in (parts | split).items():
        found[month][category] = price_out(sums, prices)
    return found


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
