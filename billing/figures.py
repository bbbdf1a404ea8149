"""Numbers for home pages: views and their cost so far. Read only."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum

from billing.models import CategoryPrice, DailyViewCount, Finding
from billing.money import line_amount
from billing.periods import next_month
from billing.prices.lookup import price_id_on
from weblog.models import Blog

EXCLUSIONS_SHOWN = 10


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
    costs: defaultdict[str, Decimal] = defaultdict(Decimal)
    for price in prices:
        costs[price.currency] += line_amount(
            views=views[price.pk], price_per_1000=price.price_per_1000
        )
    return MonthFigures(
        views=sum(views.values()),
        costs=dict(costs),
        unpriced=views.get(None, 0),
    )


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
