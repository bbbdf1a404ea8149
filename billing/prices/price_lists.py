"""Prices as they are and as they might be, to compare what views are worth at each."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from billing.models import CategoryPrice
from billing.money import format_amount
from billing.prices.lookup import LoadedPrices
from weblog.models import Category


class PriceList:
    """Prices by category and first day. Returns the value of a day's views.

    In one currency, as no sum mixes them: on the days of a price in another there is none.
    """

    def __init__(
        self, prices: Iterable[CategoryPrice], *, currency: str, name: str = "As it is now"
    ):
        self.name = name
        self.currency = currency
        self.prices = list(prices)
        self.is_mixed = any(price.currency != currency for price in self.prices)
        self._amounts = LoadedPrices(self.prices, give=self._get_amount)

    def _get_amount(self, price: CategoryPrice) -> Decimal | None:
        return price.price_per_1000 if price.currency == self.currency else None

    def price_on(self, category: int, day: dt.date) -> Decimal | None:
        return self._amounts.find(category, day)

    def with_price(self, price: CategoryPrice) -> "PriceList":
        """Return the list with `price` added, or with the saved price changed to it."""
        others = self.without_price(price).prices
        return self._make([*others, price], name="With this price")

    def without_price(self, price: CategoryPrice) -> "PriceList":
        others = [row for row in self.prices if row.pk is None or row.pk != price.pk]
        return self._make(others, name="Without this price")

    def with_only(self, category: Category, price_per_1000: Decimal | None) -> "PriceList":
        """Return the list in which the category always had this one price, or none."""
        others = [row for row in self.prices if row.category_id != category.pk]
        if price_per_1000 is None:
            return self._make(others, name="Without a price")
        only = CategoryPrice(
            category=category,
            effective_from=dt.date.min,
            price_per_1000=price_per_1000,
            currency=self.currency,
        )
        amount = format_amount(price_per_1000, currency=self.currency, exact=True)
        return self._make([*others, only], name=f"At {amount}")

    def _make(self, prices: Iterable[CategoryPrice], *, name: str) -> "PriceList":
        return PriceList(prices, currency=self.currency, name=name)
