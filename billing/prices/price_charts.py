"""A category's views and price month by month, to draw and to read."""

import datetime as dt
import json
from typing import Any, NamedTuple

from django.db.models import Sum

from billing.models import CategoryPrice, MonthlyViewCount
from billing.money import format_amount
from billing.periods import iter_months, month_of, next_month
from billing.prices.lookup import LoadedPrices
from weblog.models import Category


class MonthOfCategory(NamedTuple):
    """The views of a month, and the prices in force on its first and its last day."""

    month: dt.date
    views: int
    first: CategoryPrice | None
    last: CategoryPrice | None

    @property
    def changed(self) -> bool:
        return self.first != self.last


def list_months(*, category: Category, day: dt.date) -> list[MonthOfCategory]:
    """Return the twelve months up to that of `day`, the latest last. Two queries."""
    this_month = month_of(day)
    first = this_month.replace(year=this_month.year - 1)
    months = list(iter_months(next_month(first), next_month(this_month)))
    counts = MonthlyViewCount.objects.filter(category=category, month__in=months).order_by()
    views = dict(counts.values_list("month").annotate(sum=Sum("views")))
    prices = LoadedPrices(CategoryPrice.objects.filter(category=category), give=lambda price: price)
    return [
        MonthOfCategory(
            month,
            views.get(month, 0),
            prices.find(category.pk, month),
            prices.find(category.pk, min(next_month(month) - dt.timedelta(days=1), day)),
        )
        for month in months
    ]


def describe_chart(*, category: Category, day: dt.date) -> dict[str, Any]:
    """Return what billing/price_chart.html shows."""
    months = list_months(category=category, day=day)
    return {
        "chart_of_views": draw_views(months),
        "chart_of_prices": draw_prices(months),
        "chart_label": describe_months(months),
        "chart_months": months,
    }


def _draw(months: list[MonthOfCategory], **dataset: Any) -> str:
    """Return the data of a chart with a point for each month."""
    labels = [f"{row.month:%b %Y}" for row in months]
    return json.dumps({"labels": labels, "datasets": [{"displayYAxis": True, **dataset}]})


def draw_views(months: list[MonthOfCategory]) -> str:
    colour = "var(--color-primary-600)"
    views = [row.views for row in months]
    return _draw(months, label="Views", data=views, backgroundColor=colour, maxBarThickness=26)


def draw_prices(months: list[MonthOfCategory]) -> str:
    """Return the price at the end of each month: none where there was none."""
    colour = "var(--color-primary-600)"
    prices = [_plain(row.last) for row in months]
    return _draw(
        months,
        label="Price per 1,000 views",
        data=prices,
        backgroundColor=colour,
        maxBarThickness=26,
    )


def describe_months(months: list[MonthOfCategory]) -> str:
    """Return what a chart of the months shows, in a sentence."""
    total = sum(row.views for row in months)
    shown = [price for row in months if (price := row.last)]
    if not shown:
        return f"{total:,} views in {len(months)} months, without a price."
    texts = list(dict.fromkeys(_write(price) for price in shown))
    return f"{total:,} views in {len(months)} months; price per 1,000: {' → '.join(texts)}."


def _write(price: CategoryPrice) -> str:
    return format_amount(price.price_per_1000, currency=price.currency, exact=True)


def _plain(price: CategoryPrice | None) -> str | None:
    return None if price is None else format(price.price_per_1000.normalize(), "f")
