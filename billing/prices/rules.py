"""Who changed a price, and which prices may still change."""

import datetime as dt
from collections.abc import Callable, Iterable

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Subquery

from backoffice.signing import save_if_changed
from billing.day_views import parse_days
from billing.errors import PriceInUse, require_reason
from billing.locks import Lock, hold_lock
from billing.models import CategoryPrice, Dispute, MonthlyViewCount, PaymentLine, PayoutBatch
from billing.own_money import refuse_own_prices
from billing.periods import month_of


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
    """Return the drafts that need a rebuild after a new or changed price.

    A draft that left views out for want of this price is one as well.
    """
    lines = PaymentLine.objects.filter(
        models.Q(price=price)
        | models.Q(category=price.category_id, month__gte=month_of(price.effective_from))
    )
    views = MonthlyViewCount.objects.filter(
        category=price.category_id, month__gte=month_of(price.effective_from), views__gt=0
    )
    used = Exists(lines.filter(payment__batch=OuterRef("pk")))
    has_views = Exists(views.filter(month__lte=OuterRef("month")))
    return list(PayoutBatch.objects.drafts().filter(used | has_views).order_by("month"))


def check_price(price: CategoryPrice) -> None:
    """Raise PriceInUse if a line of a signed batch would get another price by `price`.

    So a price may start before the first one, in a month that was skipped, or on the days of a paid
    month that no signed line holds. It also raises PriceInUse if the category has a price from that
    day already.
    """
    _refuse_if_signed(price)
    others = CategoryPrice.objects.filter(category=price.category_id).exclude(pk=price.pk)
    if others.filter(effective_from=price.effective_from).exists():
        raise PriceInUse("This category has a price from that day on already.")
    before = others.filter(effective_from__lt=price.effective_from)
    replaced = before.order_by("-effective_from").first()
    last_day = _find_last_signed_day(replaced) if replaced else None
    if replaced and last_day and price.effective_from <= last_day:
        raise PriceInUse(
            f"{price.category} is paid up to {last_day:%-d %b %Y} already, by the price from "
            f"{replaced.effective_from:%-d %b %Y}. A price can start on "
            f"{last_day + dt.timedelta(days=1):%-d %b %Y} or later."
        )


def _find_last_signed_day(price: CategoryPrice) -> dt.date | None:
    """Return the last day on a signed line at this price, or None. Two queries."""
    signed = PaymentLine.objects.filter(
        price=price, payment__batch__in=PayoutBatch.objects.signed()
    ).order_by()
    month = signed.aggregate(month=models.Max("month"))["month"]
    if month is None:
        return None
    days = signed.filter(month=month).values_list("days", flat=True).distinct()
    return month.replace(day=max(day for text in days.iterator() for day in parse_days(text)))


def check_not_own(price: CategoryPrice, *, by: User) -> None:
    """Raise OwnMoney if the price, as it is or as it is stored, prices views of `by`."""
    stored = CategoryPrice.objects.filter(pk=price.pk).values_list("category", "effective_from")
    refuse_own_prices([(price.category_id, price.effective_from), *stored], by=by)


def check_withdrawal(price: CategoryPrice) -> None:
    """Raise PriceInUse if a signed or cancelled batch, or a dispute, has used `price`."""
    _refuse_if_signed(price)
    cancelled = PayoutBatch.objects.filter(status=PayoutBatch.Status.CANCELLED)
    if batch := _find_batch(price, cancelled):
        raise PriceInUse(
            f"The cancelled batch of {batch} still shows this price, so you can't withdraw the "
            f"price. Change the price or its first day instead."
        )
    if Dispute.objects.filter(price=price).exists():
        raise PriceInUse(
            "An author asked about a line at this price, so you can't withdraw it. Change the "
            "price or its first day instead."
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
    """Return the day after the category's last day on a signed line, or None without any."""
    signed = PaymentLine.objects.filter(payment__batch__in=PayoutBatch.objects.signed())
    prices = CategoryPrice.objects.filter(Exists(signed.filter(price=OuterRef("pk"))))
    price = prices.filter(category=category).order_by("effective_from").last()
    last_day = _find_last_signed_day(price) if price else None
    return last_day and last_day + dt.timedelta(days=1)


@transaction.atomic
def save_price(*, price: CategoryPrice, by: User) -> CategoryPrice:
    """Save a new or changed price; its note is the reason.

    Raises ReasonRequired, PriceInUse, or OwnMoney if views of `by` have this price or had it. Waits
    until nobody is signing a batch.
    """
    if price.note.strip():  # prices of an import have none; the page asks for it
        require_reason(price.note, "Say why: the reason is kept in the history of the price.")
    hold_lock(Lock.PAYOUTS)
    check_price(price)
    check_not_own(price, by=by)
    return save_if_changed(price, by=by, reason=price.note)
