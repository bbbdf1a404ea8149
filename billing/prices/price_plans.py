"""The next prices of several categories, planned as one table and saved all or none."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction

from billing.errors import BillingError, PricesOvertaken, PricesRefused, require_reason
from billing.locks import Lock, hold_lock
from billing.models import CategoryPrice
from billing.money import house_currency
from billing.prices.lookup import LoadedPrices
from billing.prices.rules import check_not_own, check_price, save_price
from weblog.models import Category

ASK_WHY = "Say why: the reason is kept in the history of the price."
OVERTAKEN = "Somebody changed a price after you looked, so nothing is saved. Look once more."
TWICE = "This category has two prices from that day on here."


def plan_prices(
    *, day: dt.date, amounts: Mapping[int, Decimal], note: str
) -> tuple[list[CategoryPrice], list[int]]:
    """Return the unsaved prices from `day` on, and the categories whose price stays as it is.

    `amounts` is {category_id: price per 1000 views}. A price that starts on that very day is
    changed; else it is a new one. Three queries.
    """
    standing = _load(amounts)
    categories = Category.objects.in_bulk(amounts)
    planned, same = [], []
    for category, amount in amounts.items():
        price = standing.find(category, day)
        if price and _is_same(price, amount):
            same.append(category)
            continue
        if price is None or price.effective_from != day:
            price = CategoryPrice(category=categories[category], effective_from=day)
        price.price_per_1000, price.note = amount, note
        planned.append(price)
    return planned, same


def plan_rows(
    rows: Iterable[tuple[int, dt.date, Decimal, str]],
) -> list[CategoryPrice | None]:
    """Return an unsaved price for each (category, first day, price, note); None if it stays.

    As plan_prices, for rows that begin on different days. Three queries.
    """
    rows = list(rows)
    standing = _load([category for category, *_ in rows])
    categories = Category.objects.in_bulk({category for category, *_ in rows})
    planned: list[CategoryPrice | None] = []
    for category, day, amount, note in rows:
        price = standing.find(category, day)
        starts_then = price is not None and price.effective_from == day
        if price and starts_then and _is_same(price, amount):
            planned.append(None)
            continue
        if price is None or not starts_then:
            price = CategoryPrice(category=categories[category], effective_from=day)
        price.price_per_1000, price.note = amount, note
        planned.append(price)
    return planned


def copy_last_year(*, day: dt.date) -> dict[int, Decimal]:
    """Return {category_id: price} as it was in force a year before `day`, in today's currency."""
    last_year = _year_before(day)
    prices = CategoryPrice.objects.all()
    loaded = LoadedPrices(prices, give=_itself)
    found = {price.category_id: loaded.find(price.category_id, last_year) for price in prices}
    currency = house_currency()
    return {
        category: price.price_per_1000
        for category, price in found.items()
        if price and price.currency == currency
    }


def find_refusals(prices: Sequence[CategoryPrice], *, by: User) -> dict[int, str]:
    """Return {place in `prices`: why it can't be saved}."""
    refusals, seen = {}, set()
    for place, price in enumerate(prices):
        start = (price.category_id, price.effective_from)
        if price.currency != house_currency():
            refusals[place] = (
                f"This category has a price from that day on in {price.currency}. Change it on "
                "its own page."
            )
        elif start in seen:
            refusals[place] = TWICE
        else:
            try:
                if price.note.strip():
                    require_reason(price.note, ASK_WHY)
                check_price(price)
                check_not_own(price, by=by)
            except BillingError as refusal:
                refusals[place] = str(refusal)
        seen.add(start)
    return refusals


def read_last_change() -> int:
    """Return the number of the last change of any price; 0 if there was none. One query."""
    last = CategoryPrice.history.order_by("-history_id").values_list("history_id", flat=True)
    return last.first() or 0


@transaction.atomic
def save_prices(
    *, prices: Sequence[CategoryPrice], last_change: int | None, by: User
) -> list[CategoryPrice]:
    """Save all of the prices, each as save_price does, or none. Raises PricesRefused.

    `last_change` is what read_last_change said before the prices were planned and shown. Raises
    PricesOvertaken if it is another one by now: the effect that somebody saw would be another, or
    their plan would take back in silence what somebody else has set.
    """
    hold_lock(Lock.PAYOUTS)
    if last_change != read_last_change():
        raise PricesOvertaken(OVERTAKEN)
    if refusals := find_refusals(prices, by=by):
        raise PricesRefused(refusals)
    saved = []
    for place, price in enumerate(prices):
        try:
            saved.append(save_price(price=price, by=by))
        except BillingError as refusal:
            raise PricesRefused({place: str(refusal)}) from refusal
    return saved


def _load(categories: Iterable[int]) -> LoadedPrices[CategoryPrice]:
    prices = CategoryPrice.objects.filter(category__in=set(categories))
    return LoadedPrices(prices.select_related("category"), give=_itself)


def _is_same(price: CategoryPrice, amount: Decimal) -> bool:
    return price.price_per_1000 == amount and price.currency == house_currency()


def _year_before(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February, or the first year
        return day - dt.timedelta(days=min(366, day.toordinal() - 1))


def _itself(price: CategoryPrice) -> CategoryPrice:
    return price
