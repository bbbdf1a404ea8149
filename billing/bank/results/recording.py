"""The bank's results for the payments of an approved batch. Nobody changes a recorded result.

All of them are checked before the first is written. Memory holds the results as they were given,
the keys of their payments and what the seal says; of the payments it holds a portion. They are
written by one statement, and the statuses by one for each outcome: the database's guards look at
the rows of a statement together.
"""

import datetime as dt
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from backoffice.reasons import has_word
from billing.bulk import any_of, insert_rows, plan_guards_anew
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


WRITTEN = (
    "payment", "seal", "outcome", "reason", "value_date", "bank_reference", "by_hand", "by", "at",
)  # fmt: skip

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
    given = _check_results(batch, results, by=by, at=at)
    batch, content = given.batch, make_results(given.make_rows(by=by, at=at))
    seal = append_seal(batch=batch, kind=Seal.Kind.RESULTS, content=content, at=at)
    _write(given, seal=seal, by=by, at=at)
    results_recorded.send(PayoutBatch, batch=batch, seal=seal)
    if batch.status == PayoutBatch.Status.APPROVED and not batch.payments.payable().exists():
        return move_batch(
            batch, PayoutBatch.Status.PAID, by=by, reason="All payments have a result"
        )
    return batch


@transaction.atomic
def check_results(*, batch: PayoutBatch, results: Mapping[int, tuple], by: User) -> None:
    """Refuse, and write nothing, as record_results would."""
    _check_results(batch, results, by=by, at=timezone.now())


@dataclass(frozen=True)
class _Given:
    """Results that passed all checks, with the batch under the lock."""

    batch: PayoutBatch
    results: Mapping[int, Result]
    keys: array  # of their payments, by reference
    by_hand: Mapping[int, HandPayment]

    def read_payments(self) -> Iterator[Payment]:
        """Yield the payments by reference. One query for each portion."""
        payments = Payment.objects.only("reference", "status", "author")
        for portion in batched(self.keys, PAYMENTS_AT_A_TIME):
            yield from payments.filter(pk__in=any_of(portion)).in_order()

    def make_rows(self, *, by: User, at: dt.datetime) -> Iterator[PaymentResult]:
        """Yield the unsaved rows by reference."""
        for payment in self.read_payments():
            given, hand = self.results[payment.pk], self.by_hand.get(payment.pk)
            facts = given._replace(outcome=Outcome(given.outcome), reason=given.reason.strip())
            yield PaymentResult(payment=payment, by=by, at=at, by_hand=hand, **facts._asdict())

    def list_rows(self, *, seal: Seal, by: User, at: dt.datetime) -> Iterator[tuple]:
        """Yield the values of WRITTEN, by reference. Without a query."""
        moment = connection.ops.adapt_datetimefield_value(at)
        for pk in self.keys:
            outcome, reason, day, bank_reference = self.results[pk]
            hand = self.by_hand.get(pk)
            yield (
                pk,
                seal.pk,
                Outcome(outcome).value,
                reason.strip(),
                connection.ops.adapt_datefield_value(day),
                bank_reference,
                hand.pk if hand else None,
                by.pk,
                moment,
            )


def _check_results(
    batch: PayoutBatch, given: Mapping[int, tuple], *, by: User, at: dt.datetime
) -> _Given:
    results = {pk: Result(*values) for pk, values in given.items()}
    approved, paid = PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID
    batch = claim_batch(batch, approved, paid, verb="given results")
    check_account(by, at=at)
    by_hand = _find_by_hand(batch, results)
    checked = _Given(batch, results, _find_keys(batch, results), by_hand)
    refuse_own_payments(checked.read_payments(), by=by)
    _refuse_proposed(by_hand)
    _refuse_without_file(batch, results, by_hand)
    taken_in = _find_taken_in(results)
    _check_corrections(results, by=by)
    for payment in checked.read_payments():
        result = results[payment.pk]
        if problem := explain_day(batch, result.value_date, at=at):
            raise WrongStatus(f"{payment.reference}: {problem}")
        _check_result(payment, Outcome(result.outcome), result.reason, taken_in)
    if not results:
        raise WrongStatus("Every payment has its result already.")
    return checked


def _find_keys(batch: PayoutBatch, results: Mapping[int, Result]) -> array:
    """Return the keys of the payments by reference. One query for each portion."""
    found: list[tuple[str, int]] = []
    for pks in batched(results, PAYMENTS_AT_A_TIME):
        payments = batch.payments.filter(pk__in=any_of(pks))
        found += payments.order_by().values_list("reference", "pk")
    if len(found) < len(results):
        raise WrongStatus(f"A payment that is not of the batch of {batch} gets no result here.")
    return array("q", (pk for _, pk in sorted(found)))


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


def _refuse_without_file(
    batch: PayoutBatch, results: Mapping[int, Result], by_hand: Mapping[int, HandPayment]
) -> None:
    if len(results) > len(by_hand) and (refusal := explain_missing_file(batch)):
        raise WrongStatus(refusal)
    waiting = batch.payments.payable().filter(exported=None).in_order()
    for pk, reference in waiting.values_list("pk", "reference").iterator():
        if pk in results and pk not in by_hand:
            raise WrongStatus(
                f"{reference} is in no file to the bank, so it can't have done anything with it. "
                "Export it first: the page of the batch says which format takes it."
            )


def _find_by_hand(batch: PayoutBatch, results: Mapping[int, Result]) -> dict[int, HandPayment]:
    """Return {payment: its payment by hand that nobody took back}."""
    hands = HandPayment.objects.filter(payment__batch=batch, withdrawn_at=None)
    standing = hands.select_related("payment").order_by("payment__reference")
    return {hand.payment_id: hand for hand in standing if hand.payment_id in results}


def _refuse_proposed(by_hand: Mapping[int, HandPayment]) -> None:
    for hand in by_hand.values():
        if not hand.confirmed_at:
            raise WrongStatus(
                f"{hand.payment.reference} is proposed as made by hand. Confirm that, or take it "
                "back, on the page of the payment."
            )


def _check_corrections(results: Mapping[int, Result], *, by: User) -> None:
    """Ask for a reason and for another person where a payment has a result already."""
    for pks in batched(results, PAYMENTS_AT_A_TIME):
        earlier = PaymentResult.objects.filter(payment__in=any_of(pks)).select_related("payment")
        recorded = {each.payment_id: each for each in earlier.order_by("pk")}
        for pk, latest in recorded.items():
            outcome, reason, *_ = results[pk]
            name = f"{latest.payment.reference} is recorded as {latest.outcome}"
            require_reason(reason, f"{name}. Say why it is now recorded as {outcome}.")
            if latest.by_id == by.pk:
                raise FourEyesViolation(
                    f"{name}, by you. Somebody else has to record it as {outcome}."
                )


def _find_taken_in(results: Mapping) -> set[int]:
    """Return the failed payments that a later batch has taken over."""
    return {
        pk
        for pks in batched(results, PAYMENTS_AT_A_TIME)
        for pk in PaymentLine.objects.standing()
        .filter(carried_from__in=any_of(pks))
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


def _write(given: _Given, *, seal: Seal, by: User, at: dt.datetime) -> None:
    """Add the results, and set each payment's status to its own.

    The database's guards check that they agree.
    """
    plan_guards_anew()
    insert_rows(PaymentResult, WRITTEN, given.list_rows(seal=seal, by=by, at=at))
    for outcome in Outcome:
        written = PaymentResult.objects.filter(seal=seal, outcome=outcome)
        Payment.objects.filter(pk__in=written.values("payment")).update(status=outcome)
