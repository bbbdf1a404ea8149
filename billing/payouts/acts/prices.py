"""Prices that people set, changed, moved or withdrew."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing.models import BatchAct, CategoryPrice, PaymentLine, PayoutBatch
from billing.money import format_amount
from billing.payouts.acts.window import Act, Period, with_values_before
from billing.periods import month_of
from billing.prices.lookup import LoadedPrices

FACTS = ("category_id", "effective_from", "price_per_1000")
VERBS = {"+": "Set", "~": "Changed", "-": "Withdrew"}


def find_price_acts(period: Period) -> Iterator[Act]:
    """Yield who set, changed, moved or withdrew a price of the batch's views. Three queries.

    A price that begins in the batch's month or later counts whenever it was done: no earlier batch
    can have used it. A note alone is no change.
    """
    batch = period.batch
    touched = _TouchedLines(period)
    history = CategoryPrice.history.filter(category__in=touched.categories)
    records = with_values_before(history, *FACTS).select_related("category").order_by("history_id")
    for record in records:
        before = tuple(getattr(record, f"before_{name}") for name in FACTS)
        now = tuple(getattr(record, name) for name in FACTS)
        if record.history_user_id is None or (record.history_type == "~" and before == now):
            continue
        days = {record.effective_from, before[1] or record.effective_from}
        if not period.began_by(record.history_date) and min(days) < batch.month:
            continue
        if period.end and record.history_date > period.end:
            continue
        if effect := touched.sum_of(record.id, {record.category_id, before[0]} - {None}, days):
            yield Act(
                BatchAct.Kind.PRICE,
                f"price {record.id}, change {record.history_id}",
                _describe(record, batch),
                effect,
                record.history_user_id,
                record.history_date,
            )


def _describe(record, batch: PayoutBatch) -> str:
    amount = format_amount(record.price_per_1000, exact=True, currency=batch.currency)
    day = f"{record.effective_from:%-d %b %Y}"
    text = f"{VERBS[record.history_type]} the price of {record.category} from {day}: {amount}"
    if record.history_type == "~" and record.before_price_per_1000 != record.price_per_1000:
        text += f", before {record.before_price_per_1000.normalize():f}"
    if record.history_type == "~" and record.before_effective_from != record.effective_from:
        text += f", before from {record.before_effective_from:%-d %b %Y}"
    return text


def _list_standing(period: Period) -> list[Any]:
    """Return the prices, or the records of those that stood at the end of the period."""
    if period.end is None:
        return list(CategoryPrice.objects.order_by())
    records = CategoryPrice.history.filter(history_date__lte=period.end).order_by("history_id")
    latest = {record.id: record for record in records}
    return [record for record in latest.values() if record.history_type != "-"]


class _TouchedLines:
    """The sums of the batch's lines of views, by category, price and month."""

    def __init__(self, period: Period):
        self.sums: defaultdict[int, list[tuple]] = defaultdict(list)
        lines = PaymentLine.objects.filter(payment__batch=period.batch, kind=PaymentLine.Kind.VIEWS)
        rows = lines.order_by().values_list("category", "price", "month").annotate(Sum("amount"))
        for category, *facts in rows:
            self.sums[category].append(tuple(facts))
        self.categories = list(self.sums)
        self.prices = LoadedPrices(_list_standing(period), give=lambda price: price.id)

    def sum_of(self, price: int, categories: set[int], days: set[dt.date]) -> Decimal:
        """Return the sum of the lines at the price, and at those in force then on its days.

        Those stand where the price would, had nobody moved or withdrawn it.
        """
        total = Decimal(0)
        for category in categories:
            instead = {(self.prices.find(category, day), month_of(day)) for day in days}
            for used, month, amount in self.sums[category]:
                stands_in = any(used == other and month >= first for other, first in instead)
                if used == price or stands_in:
                    total += amount
        return total
