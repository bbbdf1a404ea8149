"""Past, current and coming prices of categories, with who changed them. Read only."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from django.db.models import Max

from billing.models import CategoryPrice
from billing.prices.lookup import LoadedPrices
from weblog.models import Category

History = CategoryPrice.history.model


@dataclass(frozen=True)
class PriceChange:
    """A row of the history of a price, beside the row before it."""

    record: Any
    before: Any = None

    @property
    def is_withdrawal(self) -> bool:
        return self.record.history_type == "-"

    @property
    def old_price(self):
        """Return the previous price if it differs, else None."""
        return self._if_changed("price_per_1000")

    @property
    def old_day(self):
        """Return the previous first day if it differs, else None."""
        return self._if_changed("effective_from")

    def _if_changed(self, name):
        old = getattr(self.before, name, None)
        return None if old == getattr(self.record, name) else old


@dataclass(frozen=True)
class PriceRow:
    """The price of a category on a day, the next price, and the last change."""

    category: Category
    current: CategoryPrice | None
    coming: CategoryPrice | None
    last_change: PriceChange | None


def make_price_table(*, day: dt.date, category: Category | None = None) -> list[PriceRow]:
    """Return a row for each category by name, or for one category. At most four queries."""
    categories = [category] if category else list(Category.objects.order_by("name"))
    prices = LoadedPrices(CategoryPrice.objects.filter(category__in=categories), give=_itself)
    changes = _find_last_changes(categories)
    return [
        PriceRow(
            category=category,
            current=prices.find(category.pk, day),
            coming=prices.find_next(category.pk, day),
            last_change=changes.get(category.pk),
        )
        for category in categories
    ]


def _itself(price: CategoryPrice) -> CategoryPrice:
    return price


def _find_last_changes(categories: Iterable[Category]) -> dict[int, PriceChange]:
    """Return {category_id: the last change of any price of it}. Two queries."""
    latest = (
        History.objects.filter(category__in=categories)
        .order_by()
        .values("category")
        .annotate(history_id=Max("history_id"))
        .values("history_id")
    )
    records = list(History.objects.filter(history_id__in=latest).select_related("history_user"))
    changed = [record.id for record in records if record.history_type == "~"]
    histories = defaultdict(list)
    for record in History.objects.filter(id__in=changed).order_by("history_id"):
        histories[record.id].append(record)
    return {
        record.category_id: PriceChange(record, before=_last(histories[record.id][:-1]))
        for record in records
    }


def _last(records: Sequence):
    return records[-1] if records else None


@dataclass(frozen=True)
class TimelineEntry:
    """A price of a category with its changes, the oldest first.

    A withdrawn entry has the last row of its history as `price`. `last_day` is None for a withdrawn
    price and for the latest one.
    """

    price: CategoryPrice
    state: str  # past, in_force, coming or withdrawn
    last_day: dt.date | None
    changes: list[PriceChange]


def make_timeline(*, category: Category, day: dt.date) -> list[TimelineEntry]:
    """Return all prices of a category, withdrawn ones too, the latest first. Two queries."""
    standing = CategoryPrice.objects.filter(category=category).with_state(day)
    prices = list(standing.order_by("effective_from"))
    starts = LoadedPrices(prices, give=lambda price: price.effective_from)
    changes = _find_all_changes(category)
    entries = []
    for price in prices:
        next_start = starts.find_next(category.pk, price.effective_from)
        last_day = next_start and next_start - dt.timedelta(days=1)
        entries.append(TimelineEntry(price, price.state, last_day, changes.pop(price.pk, [])))
    entries += [
        TimelineEntry(gone[-1].record, "withdrawn", None, gone) for gone in changes.values()
    ]
    return sorted(entries, key=lambda entry: entry.price.effective_from, reverse=True)


def _find_all_changes(category: Category) -> dict[int, list[PriceChange]]:
    """Return {price_id: its changes, the oldest first}."""
    records = (
        History.objects.filter(category=category)
        .order_by("id", "history_id")
        .select_related("history_user")
    )
    return {
        pk: [PriceChange(record, before) for before, record in pairwise([None, *group])]
        for pk, group in groupby(records, key=lambda record: record.id)
    }
