"""Adjustments: amounts that finance adds to an author's payment or takes off it."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from backoffice.people import full_name
from backoffice.signing import save_if_changed, save_signed
from billing.errors import (
    AdjustmentInUse,
    FourEyesViolation,
    InvalidAdjustment,
    WrongStatus,
    require_reason,
)
from billing.locks import Lock, hold_lock
from billing.models import Adjustment, MonthlyViewCount, PayoutBatch
from billing.money import ENTRIES_BELOW
from billing.own_money import refuse_own_author
from weblog.models import Blog

OWN = (
    "Nobody adjusts a payment of their own, or of an author with whom they write a blog. Ask "
    "somebody else."
)
ASK_WHY = "Say why: the approver, the auditors and the author read it."


def find_authors() -> models.QuerySet[User]:
    """Return everybody who may write blogs or has written one, including deactivated people."""
    writers = User.objects.with_perm(
        "weblog.add_blog",
        is_active=None,  # type: ignore[arg-type]  # Django documents it: active or not
        include_superusers=False,
    )
    return User.objects.filter(
        Q(pk__in=writers.values("pk"))
        | Exists(Blog.objects.filter(author=OuterRef("pk")))
        | Exists(MonthlyViewCount.objects.filter(author=OuterRef("pk")))
    )


@transaction.atomic
def save_adjustment(
    *, adjustment: Adjustment, by: User, at: dt.datetime | None = None
) -> Adjustment:
    """Save a new or changed adjustment for the next new batch. Raises BillingError."""
    hold_lock(Lock.PAYOUTS)
    check_adjustment(adjustment, by=by)
    first = _find_stored(adjustment) or Adjustment(created_by=by, created_at=at or timezone.now())
    adjustment.created_by, adjustment.created_at = first.created_by, first.created_at
    adjustment.withdrawn_by = adjustment.withdrawn_at = None
    return save_if_changed(adjustment, by=by, reason=adjustment.reason)


def check_adjustment(adjustment: Adjustment, *, by: User) -> None:
    """Raise BillingError if `by` may not save the adjustment with its current values."""
    stored = _find_stored(adjustment)
    if stored:
        check_is_open(stored)
    if adjustment.reason.strip():  # without one, its batch can't be submitted
        require_reason(adjustment.reason, ASK_WHY)
    for author in {adjustment.author_id, stored.author_id if stored else adjustment.author_id}:
        refuse_own_author(author, by=by, refusal=OWN)
    if stored and stored.created_by_id == adjustment.author_id:
        raise FourEyesViolation(
            f"{full_name(stored.created_by)} made this adjustment, and nobody adjusts a payment of "
            "their own. Withdraw it and make a new one."
        )
    if not adjustment.amount:
        raise InvalidAdjustment("An adjustment adds something or takes something off.")
    if abs(adjustment.amount) >= ENTRIES_BELOW:
        raise InvalidAdjustment(f"An adjustment is less than {ENTRIES_BELOW:,}.")
    if not find_authors().filter(pk=adjustment.author_id).exists():
        raise InvalidAdjustment("An adjustment is for an author: somebody who writes blogs.")


def check_is_open(adjustment: Adjustment) -> None:
    """Raise BillingError if the adjustment was withdrawn, or if a signed batch holds it."""
    if adjustment.withdrawn_at:
        raise WrongStatus("This adjustment was withdrawn. Make a new one instead.")
    signed = PayoutBatch.objects.signed().filter(payments__lines__adjustment=adjustment)
    if batch := signed.first():
        raise AdjustmentInUse(
            f"The batch of {batch} holds this adjustment and is signed, so nobody can change it "
            f"any more. Make a counter-adjustment instead: the next batch includes it."
        )


@transaction.atomic
def withdraw_adjustment(
    *, adjustment: Adjustment, by: User, reason: str, at: dt.datetime | None = None
) -> Adjustment:
    """Take an adjustment back before a batch that holds it is signed. It stays to be read."""
    require_reason(reason, "Say why: the reason is kept with the adjustment.")
    hold_lock(Lock.PAYOUTS)
    adjustment = Adjustment.objects.get(pk=adjustment.pk)
    check_is_open(adjustment)
    refuse_own_author(adjustment.author_id, by=by, refusal=OWN)
    adjustment.withdrawn_by, adjustment.withdrawn_at = by, at or timezone.now()
    return save_signed(adjustment, by=by, reason=f"Withdrawn: {reason}")


def _find_stored(adjustment: Adjustment) -> Adjustment | None:
    return Adjustment.objects.filter(pk=adjustment.pk).select_related("created_by").first()
