"""The bank's results for the payments of an approved batch. Nobody changes a recorded result."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import batched
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.reasons import has_word
from billing.errors import FourEyesViolation, WrongStatus, require_reason
from billing.models import HandPayment, Payment, PaymentLine, PaymentResult, PayoutBatch, Seal
from billing.own_money import refuse_own_payments
from billing.payouts.four_eyes import check_account
from billing.payouts.transitions import claim_batch, move_batch
from billing.periods import day_of
from billing.proof.sealing import append_seal, make_results
from billing.signals import results_recorded

Outcome = PaymentResult.Outcome
Status = Payment.Status

PAYMENTS_AT_A_TIME = 1_000
SLACK = dt.timedelta(days=10)  # a bank dates some movements a few days before or after
BANK_CODE = re.compile(r"\b[A-Z]\d\d+\b")  # such as R03, which some banks give instead of words


class Result(NamedTuple):
    """What the bank did with one payment."""

    outcome: str
    reason: str = ""
    value_date: dt.date | None = None
    bank_reference: str = ""


# The allowed steps from status to outcome; back again where the bank or a clerk was wrong.
RECORDED_FROM = {
    Outcome.PAID: {Status.PAYABLE, Status.FAILED},
    Outcome.FAILED: {Status.PAYABLE, Status.PAID},
}


@transaction.atomic
def record_results(
    *,
    batch: PayoutBatch,
    results: Mapping[int, tuple],
    by: User,
    at: dt.datetime | None = None,
) -> PayoutBatch:
    """Record {payment_id: Result}, or (outcome, reason), all or nothing, and seal it.

    A failed payment needs a reason; the next batch pays it again. The last result makes the batch
    paid. Another result than before needs a reason and a second person, a result needs a file that
    could pay it or a payment by hand, and nobody records results of their own payments. Raises
    WrongStatus, ReasonRequired, OwnMoney or FourEyesViolation, which name the payment.
    """
    at = at or timezone.now()
    batch, rows = _make_results(batch, results, by=by, at=at)
    seal = append_seal(batch=batch, kind=Seal.Kind.RESULTS, content=make_results(rows), at=at)
    for row in rows:
        row.seal = seal
    PaymentResult.objects.bulk_create(rows, batch_size=PAYMENTS_AT_A_TIME)
    _set_statuses(rows)
    results_recorded.send(PayoutBatch, batch=batch, rows=rows)
    if batch.status == PayoutBatch.Status.APPROVED and not batch.payments.payable().exists():
        return move_batch(
            batch, PayoutBatch.Status.PAID, by=by, reason="All payments have a result"
        )
    return batch


@transaction.atomic
def check_results(*, batch: PayoutBatch, results: Mapping[int, tuple], by: User) -> None:
    """Refuse, and write nothing, as record_results would."""
    _make_results(batch, results, by=by, at=timezone.now())


def _make_results(
    batch: PayoutBatch, given: Mapping[int, tuple], *, by: User, at: dt.datetime
) -> tuple[PayoutBatch, list[PaymentResult]]:
    """Return the batch under the lock, and the rows to add, after all checks."""
    results = {pk: Result(*values) for pk, values in given.items()}
    approved, paid = PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID
    batch = claim_batch(batch, approved, paid, verb="given results")
    check_account(by, at=at)
    payments = _load_payments(batch, results)
    refuse_own_payments(payments.values(), by=by)
    by_hand = _find_by_hand(payments)
    _refuse_without_file(batch, payments.keys() - by_hand.keys())
    taken_in = _find_taken_in(results)
    _check_corrections(payments, results, by=by)
    rows = []
    for pk, result in results.items():
        payment, outcome = payments[pk], Outcome(result.outcome)
        if problem := explain_day(batch, result.value_date, at=at):
            raise WrongStatus(f"{payment.reference}: {problem}")
        _check_result(payment, outcome, result.reason, taken_in)
        facts = result._replace(outcome=outcome, reason=result.reason.strip())._asdict()
        hand = by_hand.get(pk)
        rows.append(PaymentResult(payment=payment, by=by, at=at, by_hand=hand, **facts))
    if not rows:
        raise WrongStatus("Every payment has its result already.")
    return batch, rows


def _load_payments(batch: PayoutBatch, results: Mapping) -> dict[int, Payment]:
    payments = {payment.pk: payment for payment in batch.payments.all() if payment.pk in results}
    if len(payments) < len(results):
        raise WrongStatus(f"A payment that is not of the batch of {batch} gets no result here.")
    return payments


def says_why(reason: str) -> bool:
    """Whether the reason of a failure says anything, in words or in a bank's code."""
    return has_word(reason) or bool(BANK_CODE.search(reason))


def explain_day(batch: PayoutBatch, day: dt.date | None, *, at: dt.datetime) -> str:
    """Return why the bank can't have moved money of the batch on that day, or an empty text.

    A year is added up by these days: one mistyped moves money into another year.
    """
    approved_at = batch.second_approved_at or batch.approved_at
    if day is None or approved_at is None:
        return ""
    first = day_of(approved_at) - SLACK
    last = max(day_of(at), day_of(approved_at)) + SLACK
    if first <= day <= last:
        return ""
    return (
        f"{day:%-d %b %Y} can't be the day on which the bank moved the money: the batch was "
        f"approved on {day_of(approved_at):%-d %b %Y}, and today is {day_of(at):%-d %b %Y}. "
        "Correct the day, or leave it out."
    )


def explain_missing_file(batch: PayoutBatch) -> str:
    """Return why no payment of the batch can have been made, or an empty text. One query."""
    if batch.exports.exists():
        return ""
    return (
        f"No file of {batch} has been exported, so the bank can't have done anything with its "
        "payments. Export them first. If you paid somebody in cash or in another way, say so on "
        "the page of that payment, with “Paid by hand”."
    )


def _refuse_without_file(batch: PayoutBatch, of_the_bank: Collection[int]) -> None:
    if of_the_bank and (refusal := explain_missing_file(batch)):
        raise WrongStatus(refusal)
    if without := _find_without_file(batch, of_the_bank):
        raise WrongStatus(
            f"{without.reference} is in no file to the bank, so it can't have done anything with "
            "it. Export it first: the page of the batch says which format takes it."
        )


def _find_without_file(batch: PayoutBatch, of_the_bank: Collection[int]) -> Payment | None:
    """Return one of the payments that is in no file to the bank."""
    waiting = batch.payments.payable().filter(exported=None).in_order()
    return next((one for one in waiting.iterator() if one.pk in of_the_bank), None)


def _find_by_hand(payments: Mapping[int, Payment]) -> dict[int, HandPayment]:
    """Return {payment: the confirmed payment by hand}. Raises WrongStatus for a proposed one."""
    found: dict[int, HandPayment] = {}
    for pks in batched(payments, PAYMENTS_AT_A_TIME):
        for hand in HandPayment.objects.filter(payment__in=pks, withdrawn_at=None):
            found[hand.payment_id] = hand
    for pk, hand in found.items():
        if not hand.confirmed_at:
            raise WrongStatus(
                f"{payments[pk].reference} is proposed as made by hand. Confirm that, or take it "
                "back, on the page of the payment."
            )
    return found


def _check_corrections(
    payments: Mapping[int, Payment], results: Mapping[int, Result], *, by: User
) -> None:
    """Ask for a reason and for another person where a payment has a result already."""
    recorded: dict[int, PaymentResult] = {}
    for pks in batched(results, PAYMENTS_AT_A_TIME):
        for earlier in PaymentResult.objects.filter(payment__in=pks).order_by("pk"):
            recorded[earlier.payment_id] = earlier
    for pk, earlier in recorded.items():
        outcome, reason, *_ = results[pk]
        name = f"{payments[pk].reference} is recorded as {earlier.outcome}"
        require_reason(reason, f"{name}. Say why it is now recorded as {outcome}.")
        if earlier.by_id == by.pk:
            raise FourEyesViolation(f"{name}, by you. Somebody else has to record it as {outcome}.")


def _find_taken_in(results: Mapping) -> set[int]:
    """Return the failed payments that a later batch has taken over."""
    return {
        pk
        for pks in batched(results, PAYMENTS_AT_A_TIME)
        for pk in PaymentLine.objects.standing()
        .filter(carried_from__in=pks)
        .values_list("carried_from", flat=True)
    }


def _check_result(payment: Payment, outcome: Outcome, reason: str, taken_in: set[int]) -> None:
    if payment.status not in RECORDED_FROM[outcome]:
        raise WrongStatus(
            f"{payment.reference} is {payment.get_status_display().lower()}: it can't be recorded "
            f"as {outcome.label.lower()}."
        )
    if outcome == Outcome.PAID and payment.pk in taken_in:
        raise WrongStatus(
            f"{payment.reference} failed, and a later batch pays it again. Hold the payment there, "
            f"or take it off there by an adjustment."
        )
    if outcome == Outcome.FAILED and not says_why(reason):
        require_reason(reason, f"Say why {payment.reference} failed, as the bank says it.")


def _set_statuses(rows: list[PaymentResult]) -> None:
    """Set each payment's status to its result. The database's guards check that they agree."""
    by_outcome = defaultdict(list)
    for row in rows:
        by_outcome[row.outcome].append(row.payment_id)
    for outcome, pks in by_outcome.items():
        for portion in batched(pks, PAYMENTS_AT_A_TIME):
            Payment.objects.filter(pk__in=portion).update(status=outcome)
