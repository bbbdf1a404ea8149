"""What several prices together would do to the months that are counted. Writes nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import CategoryPrice
from billing.prices.forecasts import (
    MonthForecast,
    compare,
    leave_out_doubles,
    months_to_show,
)
from billing.prices.price_lists import PriceList


@dataclass(frozen=True)
class PlanForecast:
    """The effect of all prices of a plan at once, in total, by category and by author.

    `real` and `supposed` are as in Forecast: supposed, each category always had its last price.
    """

    prices: list[CategoryPrice]
    real: list[MonthForecast]
    supposed: list[MonthForecast]


def forecast_prices(
    *, prices: Sequence[CategoryPrice], currency: str, at: dt.datetime
) -> PlanForecast:
    """Return the effect of adding the unsaved prices, and of changing saved ones to these."""
    counts = months_to_show(at)
    now = PriceList(CategoryPrice.objects.all(), currency=currency)
    then = only_new = now
    for price in sorted(prices, key=lambda price: price.effective_from):
        then = then.with_price(price)
        only_new = only_new.with_only(price.category, price.price_per_1000)
    then.name, only_new.name = "With these prices", "At these prices"
    categories = list({price.category_id: price.category for price in prices}.values())
    real = compare(counts, categories, now, then)
    supposed = compare(counts, categories, now, only_new)
    return PlanForecast(list(prices), *leave_out_doubles(real, supposed))
