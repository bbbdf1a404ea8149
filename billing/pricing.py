"""Which price holds when, and which prices may still change."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import OuterRef, Subquery

from billing.errors import PriceInUse
from billing.locks import hold_lock
from billing.models import CategoryPrice, PaymentLine, PayoutBatch
from billing.periods import next_month
from weblog.models import Category


def price_id_on(day: str) -> Subquery:
    """Return the expression for the price in force on the day in field `day`, or NULL.

    For querysets that have a `category` beside it.
    """
    return Subquery(
        CategoryPrice.objects.filter(
            category=OuterRef("category"), effective_from__lte=OuterRef(day)
        )
        .order_by("-effective_from")
        .values("pk")[:1]
    )


def find_price_editors(batch: PayoutBatch) -> models.QuerySet[User]:
    """Return whoever was last to change a price that the batch uses. One query."""
    history = CategoryPrice.history.model.objects
    latest = history.filter(id=OuterRef("id")).order_by("-history_date", "-history_id")
    used = PaymentLine.objects.filter(payment__batch=batch).values("price")
    return User.objects.filter(
        pk__in=history.filter(
            id__in=used, history_id=Subquery(latest.values("history_id")[:1])
        ).values("history_user")
    )


def find_last_changes(prices: Iterable[CategoryPrice]) -> dict[int, models.Model]:
    """Return {price_id: the latest row of its history}. One query."""
    history = CategoryPrice.history.model.objects
    latest = history.filter(id=OuterRef("id")).order_by("-history_date", "-history_id")
    rows = history.filter(
        id__in=[price.pk for price in prices],
        history_id=Subquery(latest.values("history_id")[:1]),
    )
    return {row.id: row for row in rows.select_related("history_user")}


@dataclass(frozen=True)
class PriceRow:
    """What a category is worth on a day, what comes next, and who changed that last."""

    category: Category
    current: CategoryPrice | None
    coming: CategoryPrice | None
    last_change: models.Model | None


def make_price_table(*, day: dt.date) -> list[PriceRow]:
    """Return a row for each category by name. Three queries."""
    prices = list(CategoryPrice.objects.order_by("category_id", "effective_from"))
    changes = find_last_changes(prices)
    by_category = {
        pk: list(group) for pk, group in groupby(prices, key=lambda price: price.category_id)
    }
    rows = []
    for category in Category.objects.order_by("name"):
        own = by_category.get(category.pk, [])
        started = [price for price in own if price.effective_from <= day]
        coming = [price for price in own if price.effective_from > day]
        rows.append(
            PriceRow(
                category=category,
                current=started[-1] if started else None,
                coming=coming[0] if coming else None,
                last_change=max(
                    (changes[price.pk] for price in own if price.pk in changes),
                    key=lambda change: change.history_date,
                    default=None,
                ),
            )
        )
    return rows


def check_price(price: CategoryPrice) -> None:
    """Raise PriceInUse if saving `price` would price anew what a signed batch has priced.

    Or if its category has a price from that day on already.
    """
    signed = PaymentLine.objects.filter(payment__batch__in=PayoutBatch.objects.signed())
    if price.pk and (line := signed.filter(price=price).select_related("payment__batch").first()):
        raise PriceInUse(
            f"The batch of {line.payment.batch} has used this price, so it can't be changed any "
            f"more. Add a new price from a later day instead."
        )
    same_day = CategoryPrice.objects.filter(
        category=price.category_id, effective_from=price.effective_from
    )
    if same_day.exclude(pk=price.pk).exists():
        raise PriceInUse("This category has a price from that day on already.")
    paid_until = signed.filter(category=price.category_id).aggregate(models.Max("month"))
    if (month := paid_until["month__max"]) and price.effective_from < next_month(month):
        raise PriceInUse(
            f"{price.category} is paid up to {_last_day(month):%-d %B %Y} already. "
            f"A price can start on {next_month(month):%-d %B %Y} or later."
        )


def _last_day(month: dt.date) -> dt.date:
    return next_month(month) - dt.timedelta(days=1)


@transaction.atomic
def save_price(*, price: CategoryPrice) -> CategoryPrice:
    """Save a new or changed price. Raises PriceInUse. Waits for a batch that is being signed."""
    hold_lock("payouts")
    check_price(price)
    price.save()
    return price
