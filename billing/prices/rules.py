"""Who changed a price, and which prices may still change."""

import datetime as dt
from collections.abc import Callable, Iterable

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Subquery

from backoffice.signing import save_signed
from billing.errors import PriceInUse
from billing.locks import Lock, hold_lock
from billing.models import CategoryPrice, PaymentLine, PayoutBatch
from billing.periods import month_of, next_month


def find_price_editors(batch: PayoutBatch) -> models.QuerySet[User]:
    """Return the people who made the last change of a price that the batch uses. One query."""
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


def find_last_change(category: int) -> models.Model | None:
    """Return the latest row of the history of a category's prices, if any. One query."""
    changes = CategoryPrice.history.filter(category_id=category).order_by("-history_id")
    return changes.select_related("history_user").first()


def find_outdated_drafts(price: CategoryPrice) -> list[PayoutBatch]:
    """Return the drafts that need a rebuild after a new or changed price."""
    lines = PaymentLine.objects.filter(
        models.Q(price=price)
        | models.Q(category=price.category_id, month__gte=month_of(price.effective_from))
    )
    used = Exists(lines.filter(payment__batch=OuterRef("pk")))
    return list(PayoutBatch.objects.drafts().filter(used).order_by("month"))


def check_price(price: CategoryPrice) -> None:
    """Raise PriceInUse if `price` would change the price of views in a signed batch.

    It also raises PriceInUse if the category has a price from that day already.
    """
    _refuse_if_signed(price)
    same_day = CategoryPrice.objects.filter(
        category=price.category_id, effective_from=price.effective_from
    )
    if same_day.exclude(pk=price.pk).exists():
        raise PriceInUse("This category has a price from that day on already.")
    first_day = first_free_day(price.category_id)
    if first_day and price.effective_from < first_day:
        paid_until = first_day - dt.timedelta(days=1)
        raise PriceInUse(
            f"{price.category} is paid up to {paid_until:%-d %B %Y} already. "
            f"A price can start on {first_day:%-d %B %Y} or later."
        )


def check_withdrawal(price: CategoryPrice) -> None:
    """Raise PriceInUse if a signed or cancelled batch has used `price`."""
    _refuse_if_signed(price)
    cancelled = PayoutBatch.objects.filter(status=PayoutBatch.Status.CANCELLED)
    if batch := _find_batch(price, cancelled):
        raise PriceInUse(
            f"The cancelled batch of {batch} still shows this price, so you can't withdraw the "
            f"price. Change the price or its first day instead."
        )


def explain_refusal(check: Callable[[CategoryPrice], None], price: CategoryPrice) -> str:
    """Return why `check` refuses the price, or an empty text."""
    try:
        check(price)
    except PriceInUse as error:
        return str(error)
    return ""


def _refuse_if_signed(price: CategoryPrice) -> None:
    if batch := _find_batch(price, PayoutBatch.objects.signed()):
        raise PriceInUse(
            f"The batch of {batch} has used this price, so you can't change it any more. Add a "
            f"new price from a later day instead."
        )


def _find_batch(price: CategoryPrice, batches: models.QuerySet) -> PayoutBatch | None:
    if price.pk is None:
        return None
    used = PaymentLine.objects.filter(price=price, payment__batch__in=batches)
    line = used.select_related("payment__batch").order_by().first()
    return line.payment.batch if line else None


def first_free_day(category: int) -> dt.date | None:
    """Return the category's first day without a signed batch, or None if no day has one."""
    signed = PaymentLine.objects.filter(
        category=category, payment__batch__in=PayoutBatch.objects.signed()
    )
    paid_until = signed.aggregate(month=models.Max("month"))["month"]
    return paid_until and next_month(paid_until)


@transaction.atomic
def save_price(*, price: CategoryPrice, by: User) -> CategoryPrice:
    """Save a new or changed price; its note is the reason.

    Raises PriceInUse. Waits until nobody is signing a batch.
    """
    hold_lock(Lock.PAYOUTS)
    check_price(price)
    return save_signed(price, by=by, reason=price.note)
