"""Derives anew what each signed batch had to decide: who is paid, held or carried, and why.

The moment of a submission, a hold and an adjustment is that of its record in the history. What
happened at the very moment of the submission may stand on either side of it.
"""

import datetime as dt
from collections import Counter, defaultdict
from itertools import batched
from typing import Any

from django.db.models import Exists, OuterRef

from billing.models import (
    Adjustment,
    Dispute,
    Hold,
    Payment,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    Seal,
    Verification,
)
from billing.money import MILLION, to_millionths
from billing.verification.differences import Difference
from weblog.importing.earlier import MARKED as MARKED_LATER
from weblog.models import ImportedAuthor

Status = Payment.Status

PAID_IN_FULL = "Paid out in full: "
# Whether an account was active then is kept nowhere in billing: see docs/finance.md.
DEACTIVATED = "The author's account is deactivated."
UNCONFIRMED = "The author came in by an import, and nobody has confirmed yet who it is."
PAYMENTS_AT_A_TIME = 1_000


class Holds:
    """The holds of a batch's authors that were in force at its submission, by their histories."""

    def __init__(self, batch: PayoutBatch, at: dt.datetime):
        authors = batch.payments.values("author")
        records: defaultdict[int, list[Any]] = defaultdict(list)
        for record in Hold.history.filter(author__in=authors).order_by("history_id"):
            records[record.id].append(record)
        self.surely: defaultdict[int, list[Any]] = defaultdict(list)
        self.perhaps: defaultdict[int, list[Any]] = defaultdict(list)
        # Of an earlier import, somebody may have noted later than this that it made the account.
        noted_later = ImportedAuthor.history.filter(
            id=OuterRef("pk"),
            history_type="+",
            history_change_reason=MARKED_LATER,
            history_date__gt=at,
        )
        imported = ImportedAuthor.objects.filter(~Exists(noted_later), account__in=authors)
        self.unconfirmed = set(
            imported.exclude(confirmed_at__lte=at).values_list("account", flat=True)
        )
        for of_hold in records.values():
            began, ended = of_hold[0], next((each for each in of_hold if each.ended_at), None)
            end = ended.history_date if ended else None
            if began.history_date <= at and (end is None or end >= at):
                self.perhaps[began.author_id].append(began)
            if began.history_date < at and (end is None or end > at):
                self.surely[began.author_id].append(began)

    def explains(self, payment: Payment, kind: Hold.Kind, reason: str) -> bool:
        return any(
            hold.kind == kind and hold.reason == reason for hold in self.perhaps[payment.author_id]
        )

    def demand(self, payment: Payment, kind: Hold.Kind) -> Any | None:
        """Return a hold of this kind that the batch had to follow, if there was one."""
        return next((hold for hold in self.surely[payment.author_id] if hold.kind == kind), None)


def find_submission(batch: PayoutBatch) -> dt.datetime | None:
    """Return when the batch was signed for the last time, by its history. One query."""
    submitted = batch.history.filter(
        status=PayoutBatch.Status.SUBMITTED, digest=batch.digest, approved_by=None
    )
    record = submitted.order_by("history_id").last()
    return record.history_date if record else None


def check_decisions(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each payment is paid, held or carried as its sum, minimum and holds demand."""
    batch = PayoutBatch.objects.get(pk=key)
    if (at := find_submission(batch)) is None:
        return
    holds = Holds(batch, at)
    coin = MILLION // 10**batch.coin_decimals
    minimum = to_millionths(batch.minimum_payout)
    for payment in batch.payments.in_order().iterator(PAYMENTS_AT_A_TIME):
        exact = to_millionths(payment.exact_amount)
        amount = (2 * exact + coin) // (2 * coin) * coin
        _check_decision(payment, amount, minimum, holds)


def _check_decision(payment: Payment, amount: int, minimum: int, holds: Holds) -> None:
    reason = payment.status_reason
    is_unconfirmed = payment.author_id in holds.unconfirmed
    if payment.status == Status.HELD:
        if is_unconfirmed and reason == UNCONFIRMED:
            return
        if reason != DEACTIVATED and not holds.explains(payment, Hold.Kind.HOLD, reason):
            raise Difference(payment, f"is held: {reason}", "no hold says so")
        return
    if is_unconfirmed:
        raise Difference(payment, f"is {payment.status}", "nobody had confirmed the author")
    if hold := holds.demand(payment, Hold.Kind.HOLD):
        raise Difference(payment, f"is {payment.status}", f"it was on hold: {hold.reason}")
    in_full = reason.removeprefix(PAID_IN_FULL)
    if payment.status == Status.CARRIED:
        is_too_little = amount <= 0 or amount < minimum
        if amount > 0 and (hold := holds.demand(payment, Hold.Kind.PAY_OUT)):
            raise Difference(payment, "is carried", f"it was to be paid out in full: {hold.reason}")
        if not is_too_little:
            raise Difference(payment, "is carried", "it is more than the minimum")
    elif amount <= 0:
        raise Difference(payment, f"is {payment.status}", "there is nothing above zero to pay")
    elif in_full != reason:
        if not holds.explains(payment, Hold.Kind.PAY_OUT, in_full):
            raise Difference(payment, f"is paid out in full: {in_full}", "nobody asked for it")
    elif amount < minimum and not holds.perhaps[payment.author_id]:
        raise Difference(payment, f"is {payment.status}", "it is below the minimum")


def check_nobody_left_out(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the batch took in each adjustment and each amount that waited for it.

    What is in another currency waits for a batch in that one.
    What another standing batch holds is no matter, nor what a batch held that was cancelled since.
    """
    batch = PayoutBatch.objects.get(pk=key)
    if (at := find_submission(batch)) is None:
        return
    _check_adjustments(batch, at)
    _check_amounts(batch, at)


def _check_adjustments(batch: PayoutBatch, at: dt.datetime) -> None:
    nowhere = Adjustment.objects.standing().filter(
        ~Exists(_lines_then(batch, at).filter(adjustment=OuterRef("pk"))),
        ~Exists(
            Dispute.objects.perhaps_open_at(batch.submitted_at).filter(adjustment=OuterRef("pk"))
        ),
        currency=batch.currency,
    )
    rows = nowhere.order_by("pk").iterator(PAYMENTS_AT_A_TIME)
    for portion in batched(rows, PAYMENTS_AT_A_TIME):
        history = Adjustment.history.filter(id__in=[row.pk for row in portion], history_type="+")
        records = dict(history.values_list("id", "history_date"))
        for adjustment in portion:
            made = records.get(adjustment.pk)
            if made is not None and made < at:
                raise Difference(
                    adjustment, "is on no batch", f"the batch of {batch} had to take it in"
                )


def _check_amounts(batch: PayoutBatch, at: dt.datetime) -> None:
    """Check what earlier batches held, carried or failed to pay before this one was submitted."""
    kept_back = (Status.HELD, Status.CARRIED, Status.FAILED)
    nowhere = Payment.objects.filter(
        ~Exists(_lines_then(batch, at).filter(carried_from=OuterRef("pk"))),
        status__in=kept_back,
        batch__in=PayoutBatch.objects.signed(),
        batch__month__lt=batch.month,
        batch__currency=batch.currency,
    )
    approval = _find_approval(batch)
    for payment in nowhere.select_related("batch").order_by("pk").iterator(PAYMENTS_AT_A_TIME):
        if _has_waited(payment, batch, at, approval):
            raise Difference(
                payment,
                f"is {payment.status}, and no batch took it in",
                f"the batch of {batch} had to",
            )


def _has_waited(
    payment: Payment, batch: PayoutBatch, at: dt.datetime, approval: Seal | None
) -> bool:
    """Whether the payment waited at `at`: since the approval of its batch, or since it failed."""
    if payment.status != Status.FAILED:
        approved = payment.batch.history.filter(status=PayoutBatch.Status.APPROVED)
        record = approved.order_by("history_id").first()
        return record is not None and record.history_date < at
    failed = PaymentResult.objects.filter(payment=payment).order_by("seal__number").last()
    if failed is None or approval is None or batch.submitted_at is None:
        return False
    return failed.seal.number < approval.number and failed.at < batch.submitted_at


def _find_approval(batch: PayoutBatch) -> Seal | None:
    return batch.seals.filter(kind=Seal.Kind.APPROVAL).first()


def _lines_then(batch: PayoutBatch, at: dt.datetime):
    """Return lines of batches that stand, or that were not cancelled before `at`."""
    cancelled = PayoutBatch.history.filter(status=PayoutBatch.Status.CANCELLED, history_date__lt=at)
    return PaymentLine.objects.exclude(payment__batch__in=cancelled.values("id"))
