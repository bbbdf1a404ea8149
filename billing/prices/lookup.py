"""Which price is in force on a day: once in memory, and once in SQL.

A price holds from its first day, that day included, to the day before its category's next price.
Without a next one it has no end; before a category's first price there is none. Prices are for
1,000 views.

`LoadedPrices` answers in memory. `price_id_on` answers inside a query, by the rule of
`CategoryPrice.objects.in_force_on`. A test holds both alike, and like the verification's own answer
(billing.verification.prices), which shares no code with them so that it can find them wrong.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from django.db.models import OuterRef, Subquery

from billing.models import CategoryPrice


class LoadedPrices[Fact]:
    """Prices of any number of categories, to look up the one of a day without a query.

    `give` says what to keep of each price and to return for it.
    """

    def __init__(self, prices: Iterable[CategoryPrice], *, give: Callable[[CategoryPrice], Fact]):
        self._by_category: dict[int, tuple[list[dt.date], list[Fact | None]]] = {}
        for price in sorted(prices, key=lambda price: price.effective_from):
            starts, facts = self._by_category.setdefault(price.category_id, ([], [None]))
            starts.append(price.effective_from)
            facts.append(give(price))

    def __iter__(self) -> Iterator[Fact]:
        """Yield what was kept of all prices, of each category the earliest first."""
        for _, (_, *facts) in self._by_category.values():
            yield from facts  # type: ignore[misc]

    def first_days(self) -> dict[int, dt.date]:
        """Return {category: the day from which it has a price}."""
        return {category: starts[0] for category, (starts, _) in self._by_category.items()}

    def find(self, category: int, day: dt.date) -> Fact | None:
        """Return the price in force on `day`. None before the first."""
        starts, facts = self._by_category.get(category, ([], [None]))
        return facts[bisect_right(starts, day)]

    def find_next(self, category: int, day: dt.date) -> Fact | None:
        """Return the first price that starts after `day`. None after the last."""
        starts, facts = self._by_category.get(category, ([], [None]))
        following = bisect_right(starts, day) + 1
        return facts[following] if following < len(facts) else None


def price_id_on(day: str) -> Subquery:
    """Return the expression for the key of the price in force on the day in field `day`, or NULL.

    For querysets that have a `category` beside it.
    """
    started = CategoryPrice.objects.started_by(OuterRef("category"), OuterRef(day))
    return Subquery(started.values("pk")[:1])
