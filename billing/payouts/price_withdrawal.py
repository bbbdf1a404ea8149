"""Withdraws a price that was entered by mistake. Its history keeps it, with the reason."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from billing.errors import MissingPrice, WrongStatus, require_reason
from billing.locks import Lock, hold_lock
from billing.models import CategoryPrice, PaymentLine, PayoutBatch
from billing.payouts.steps import rebuild_batch
from billing.prices.rules import check_not_own, check_withdrawal


@transaction.atomic
def withdraw_price(
    *, price: CategoryPrice, by: User, reason: str, at: dt.datetime | None = None
) -> list[PayoutBatch]:
    """Delete a price that no signed batch has used.

    Return the drafts that used it, rebuilt. Raises PriceInUse, or MissingPrice if a draft can't be
    built without the price; then nothing changes.
    """
    require_reason(reason, "Say why: the reason is kept in the history of the price.")
    hold_lock(Lock.INTAKE, Lock.FOLD, Lock.PAYOUTS)  # rebuilding takes views in and folds them
    try:
        price = CategoryPrice.objects.select_related("category").get(pk=price.pk)
    except CategoryPrice.DoesNotExist:
        raise WrongStatus("This price was withdrawn already.") from None
    check_withdrawal(price)
    check_not_own(price, by=by)
    lines = PaymentLine.objects.filter(price=price)
    # The oldest first: a later draft pays what an earlier one does not hold.
    drafts = list(
        PayoutBatch.objects.filter(payments__lines__in=lines).order_by("month").distinct()
    )
    lines.delete()
    signed: Any = price
    signed._history_user, signed._change_reason = by, reason
    price.delete()
    return [_rebuild(draft, price, by=by, at=at) for draft in drafts]


def _rebuild(
    draft: PayoutBatch, price: CategoryPrice, *, by: User, at: dt.datetime | None
) -> PayoutBatch:
    try:
        return rebuild_batch(batch=draft, by=by, at=at)
    except MissingPrice as error:
        raise MissingPrice(
            f"Without this price the draft of {draft} can't be built: {price.category} would have "
            f"no price on some of its days. Correct this price instead."
        ) from error
