"""The prices as they stood at a moment, by their histories."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from typing import NamedTuple

from billing.models import CategoryPrice


class PastPrice(NamedTuple):
    """A price that stood then."""

    effective_from: dt.date
    pk: int
    currency: str  # "" in records from before it was stored


class PastPrices:
    """The prices of all categories at `at`. One query."""

    def __init__(self, at: dt.datetime):
        records = CategoryPrice.history.filter(history_date__lt=at).order_by("history_id")
        latest = {record.id: record for record in records}
        self._by_category: defaultdict[int, list[PastPrice]] = defaultdict(list)
        for record in latest.values():
            if record.history_type != "-":
                price = PastPrice(record.effective_from, record.id, record.currency)
                self._by_category[record.category_id].append(price)
        for prices in self._by_category.values():
            prices.sort()

    def find(self, category: int, day: dt.date) -> PastPrice | None:
        """Return the price that was in force on `day`."""
        prices = self._by_category[category]
        position = bisect_right(prices, day, key=lambda price: price.effective_from)
        return prices[position - 1] if position else None
