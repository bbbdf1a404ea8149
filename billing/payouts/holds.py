"""Holds of an author's payments, and their payment in full, until somebody ends either.

Both outlast the batch in which they began. The author's payments in drafts follow at once, so that
a draft always shows what rebuilding it would give. They begin and end at a draft's payment, or at
one that a signed batch kept back or that failed: for whoever has no other, no draft would come.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.signing import save_signed
from billing.errors import HoldEnded, WrongStatus, require_reason
from billing.locks import Lock, hold_lock
from billing.models import Hold, Payment, PayoutBatch
from billing.own_money import refuse_own_author
from billing.payouts.minimum_payout import decide_payment
from billing.payouts.transitions import claim_batch
from billing.proof.digests import digest_payment, record_payment

Kind = Hold.Kind

OWN = (
    "This is a payment of your own, or of an author with whom you write a blog. Somebody else has "
    "to decide."
)


def hold_payment(*, payment: Payment, by: User, reason: str, at: dt.datetime | None = None) -> Hold:
    """Hold an unpaid payment and all later ones of its author until somebody releases them."""
    return _start(payment, Kind.HOLD, by=by, reason=reason, at=at or timezone.now())


def pay_out_payment(
    *, payment: Payment, by: User, reason: str, at: dt.datetime | None = None
) -> Hold:
    """Pay a leaving author every sum above zero, also below the minimum or when deactivated."""
    return _start(payment, Kind.PAY_OUT, by=by, reason=reason, at=at or timezone.now())


@transaction.atomic
def release_payment(
    *, payment: Payment, by: User, reason: str, at: dt.datetime | None = None
) -> Hold:
    """End the hold that keeps a payment back. Raises WrongStatus without one."""
    _claim(payment)
    hold = Hold.objects.open().filter(author=payment.author_id).first()
    if hold is None:
        raise WrongStatus(
            "No hold keeps this payment back. If the author's account is deactivated, "
            "activate it and rebuild the batch, or pay out in full."
        )
    return end_hold(hold=hold, by=by, reason=reason, at=at)


@transaction.atomic
def end_hold(*, hold: Hold, by: User, reason: str, at: dt.datetime | None = None) -> Hold:
    """End a hold, or the payment in full. Raises HoldEnded."""
    require_reason(reason, "Say why: the reason is kept with the batch.")
    hold_lock(Lock.PAYOUTS)
    hold = Hold.objects.get(pk=hold.pk)
    if hold.ended_at:
        raise HoldEnded(f"{hold.name} was ended on {hold.ended_at:%-d %b %Y}.")
    refuse_own_author(hold.author_id, by=by, refusal=OWN)
    _end(hold, by=by, reason=reason, at=at or timezone.now())
    _decide_drafts(hold.author_id)
    return hold


@transaction.atomic
def _start(payment: Payment, kind: Kind, *, by: User, reason: str, at: dt.datetime) -> Hold:
    require_reason(reason, "Say why: the reason is kept with the batch.")
    _claim(payment)
    refuse_own_author(payment.author_id, by=by, refusal=OWN)
    standing = Hold.objects.open().filter(author=payment.author_id).first()
    if standing and standing.kind == kind:
        raise WrongStatus(f"{standing.name} is in force already: {standing.reason}")
    if standing:
        _end(standing, by=by, reason=f"Replaced: {reason}"[:900], at=at)
    hold = Hold(author_id=payment.author_id, kind=kind, reason=reason, created_by=by, created_at=at)
    save_signed(hold, by=by, reason=reason)
    _decide_drafts(payment.author_id)
    return hold


def _claim(payment: Payment) -> None:
    """Raise WrongStatus unless the payment is a draft's, or waits for a later batch."""
    hold_lock(Lock.PAYOUTS)
    if not Payment.objects.outstanding().filter(pk=payment.pk).exists():
        claim_batch(payment.batch, PayoutBatch.Status.DRAFT, verb="changed")


def _end(hold: Hold, *, by: User, reason: str, at: dt.datetime) -> None:
    hold.ended_by, hold.ended_at, hold.end_reason = by, at, reason
    save_signed(hold, by=by, reason=reason)


def _decide_drafts(author_id: int) -> None:
    """Decide the author's payments in drafts again. Four queries for each draft."""
    payments = Payment.objects.filter(
        author=author_id, batch__status=PayoutBatch.Status.DRAFT
    ).select_related("author__imported_author", "batch")
    hold = Hold.objects.open().filter(author=author_id).first()
    for payment in payments:
        decide_payment(
            payment,
            exact=payment.exact_amount,
            minimum=payment.batch.minimum_payout,
            hold=hold,
        )
        digests = list(payment.lines.order_by("number").values_list("digest", flat=True))
        payment.digest = digest_payment(record_payment(payment), digests)
        payment.save()
