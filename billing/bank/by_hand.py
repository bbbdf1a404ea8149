"""Payments made by hand, in cash or by card: proposed by one person, confirmed by a second.

Such a payment is in no file to the bank. So it is proposed before the first file of its batch is
exported, and files leave it out from then on. Confirming records it as paid, in one transaction.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.signing import save_signed
from billing.bank.results.recording import Result, record_results
from billing.errors import FourEyesViolation, WrongStatus, require_reason
from billing.locks import Lock, hold_lock
from billing.models import ExportedPayment, HandPayment, Payment, PaymentResult, PayoutBatch
from billing.own_money import refuse_own_payments
from billing.payouts.four_eyes import check_account
from billing.payouts.transitions import claim_batch
from billing.periods import day_of

MISSING = "Say why no file to the bank pays it: the reason is kept for the auditors."


def explain_refusal(payment: Payment) -> str:
    """Return why the payment can't be proposed as made by hand, or an empty text. Four queries."""
    if payment.batch.status != PayoutBatch.Status.APPROVED:
        return "Only a payment of an approved batch can be made by hand."
    if payment.status != Payment.Status.PAYABLE:
        return f"{payment.reference} is {payment.get_status_display()}, so nobody pays it by hand."
    if standing := payment.by_hand.filter(withdrawn_at=None).first():
        return f"{payment.reference} is proposed already: {standing.reason}"
    if Payment.objects.waiting_for_answer().filter(pk=payment.pk).exists():
        return f"The author asked about a line of {payment}: answer under Disputes first."
    if ExportedPayment.objects.filter(payment=payment).exists():
        return (
            f"A file with {payment} was exported before, and the bank may pay it by that. "
            f"If the bank did not, record {payment} as failed: the next batch pays it again, and "
            "there you can pay it by hand before its file is made."
        )
    return ""


@transaction.atomic
def propose_hand_payment(
    *,
    payment: Payment,
    means: str,
    paid_on: dt.date,
    reason: str,
    by: User,
    at: dt.datetime | None = None,
) -> HandPayment:
    """Say that a payment was made by hand. Another person has to confirm it.

    Raises WrongStatus, ReasonRequired, OwnMoney, and FourEyesViolation while the account pauses.
    """
    at = at or timezone.now()
    require_reason(reason, MISSING)
    claim_batch(payment.batch, PayoutBatch.Status.APPROVED, verb="paid by hand")
    check_account(by, at=at)
    payment = Payment.objects.select_related("batch").get(pk=payment.pk)
    refuse_own_payments([payment], by=by)
    if refusal := explain_refusal(payment):
        raise WrongStatus(refusal)
    approved_at = payment.batch.second_approved_at or payment.batch.approved_at
    if approved_at and not day_of(approved_at) <= paid_on <= day_of(at):
        raise WrongStatus(
            f"{payment} was approved on {day_of(approved_at):%-d %b %Y}: it was paid on that day "
            "or later, and not after today."
        )
    proposal = HandPayment(
        payment=payment,
        means=HandPayment.Means(means),
        paid_on=paid_on,
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=at,
    )
    return save_signed(proposal, by=by, reason=reason.strip())


@transaction.atomic
def confirm_hand_payment(
    *, proposal: HandPayment, by: User, at: dt.datetime | None = None
) -> HandPayment:
    """Confirm that somebody else's proposal is true, and record the payment as paid.

    Raises WrongStatus, OwnMoney and FourEyesViolation.
    """
    at = at or timezone.now()
    proposal = _claim(proposal)
    check_account(by, at=at)
    refuse_own_payments([proposal.payment], by=by)
    if proposal.proposed_by_id == by.pk:
        raise FourEyesViolation(
            "You proposed that this payment was made by hand. Somebody else has to confirm it."
        )
    proposal.confirmed_by, proposal.confirmed_at = by, at
    save_signed(proposal, by=by, reason="Confirmed")
    result = Result(PaymentResult.Outcome.PAID, proposal.reason, proposal.paid_on)
    payment = proposal.payment
    record_results(batch=payment.batch, results={payment.pk: result}, by=by, at=at)
    return proposal


@transaction.atomic
def withdraw_hand_payment(
    *, proposal: HandPayment, by: User, reason: str, at: dt.datetime | None = None
) -> HandPayment:
    """Take a proposal back before it is confirmed: the next file pays the payment."""
    require_reason(reason, "Say why it was not paid by hand: the reason is kept for the auditors.")
    proposal = _claim(proposal)
    refuse_own_payments([proposal.payment], by=by)
    proposal.withdrawn_by, proposal.withdrawn_at = by, at or timezone.now()
    proposal.withdrawal = reason.strip()
    return save_signed(proposal, by=by, reason=f"Taken back: {reason.strip()}"[:1000])


def _claim(proposal: HandPayment) -> HandPayment:
    """Return the proposal under the lock, if it still waits for a second person."""
    hold_lock(Lock.PAYOUTS)
    proposal = HandPayment.objects.select_related("payment__batch").get(pk=proposal.pk)
    if proposal.confirmed_at or proposal.withdrawn_at:
        raise WrongStatus(f"This payment by hand is {proposal.state} by now.")
    return proposal
