"""A month's payout batch: built from counts and prices, submitted by one, approved by another.

Each function is one transaction that waits for the lock "payouts", checks the state again and
moves the batch by compare-and-set. Permissions are the caller's; the rules here hold for everyone.
"""

import datetime as dt
from itertools import zip_longest

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from billing.counting import describe_rules, fold_views
from billing.derivation import derive_payments, find_unpriced_categories
from billing.errors import (
    BatchOutdated,
    BatchTampered,
    FourEyesViolation,
    MissingPrice,
    MonthNotClosed,
    ReasonRequired,
    WrongStatus,
)
from billing.findings import find_findings
from billing.locks import hold_lock
from billing.models import MonthlyViewCount, Payment, PaymentLine, PayoutBatch
from billing.periods import closes_on, day_of, last_closed_month
from billing.pricing import find_price_editors
from billing.sealing import digest_batch

Status = PayoutBatch.Status

LINE_FACTS = ("blog_id", "category_id", "month", "price_id", "views", "amount")


def build_closed_months(
    *, by: User | None = None, at: dt.datetime | None = None
) -> list[PayoutBatch]:
    """Build a batch for every closed month that has views and none yet, oldest first."""
    at = at or timezone.now()
    fold_views(at=at)
    return [build_batch(month=month, by=by, at=at)[0] for month in find_months_to_build(at=at)]


def find_months_to_build(*, at: dt.datetime) -> list[dt.date]:
    """Return the closed months that have counted views and no batch, oldest first. One query."""
    return list(
        MonthlyViewCount.objects.filter(month__lte=last_closed_month(at), views__gt=0)
        .exclude(month__in=PayoutBatch.objects.standing().values("month"))
        .order_by("month")
        .values_list("month", flat=True)
        .distinct()
    )


def build_batch(
    *, month: dt.date, by: User | None = None, at: dt.datetime | None = None
) -> tuple[PayoutBatch, bool]:
    """Return the batch of a closed month and whether it was built now.

    Folds and looks for findings first. A batch that stands is returned as it is. Raises
    MonthNotClosed and MissingPrice, and then has written no batch.
    """
    at = at or timezone.now()
    if closes_on(month) > day_of(at):
        raise MonthNotClosed(
            f"{month:%B %Y} can be paid from {closes_on(month):%-d %B %Y} on, when the month and "
            f"its {settings.PAYOUT_GRACE_DAYS} days of grace are over."
        )
    fold_views(at=at)
    find_findings(month=month, at=at)
    with transaction.atomic():
        hold_lock("payouts")
        if standing := PayoutBatch.objects.standing().filter(month=month).first():
            return standing, False
        batch = PayoutBatch(month=month)
        _fill(batch, at=at, reason="Built", by=by)
        return batch, True


def rebuild_batch(*, batch: PayoutBatch, by: User, at: dt.datetime | None = None) -> PayoutBatch:
    """Build a draft anew from today's counts and prices."""
    at = at or timezone.now()
    fold_views(at=at)
    find_findings(month=batch.month, at=at)
    with transaction.atomic():
        batch = _claim(batch, Status.DRAFT, "rebuilt")
        PaymentLine.objects.filter(payment__batch=batch).delete()
        batch.payments.all().delete()
        _fill(batch, at=at, reason="Rebuilt", by=by)
        return batch


def _fill(batch: PayoutBatch, *, at: dt.datetime, reason: str, by: User | None = None) -> None:
    if unpriced := find_unpriced_categories(batch.month):
        raise MissingPrice(
            f"No price for {', '.join(unpriced)} on some days with views up to the end of "
            f"{batch.month:%B %Y}. Add the missing price, from a day early enough, and build again."
        )
    batch.currency = settings.CURRENCY
    batch.time_zone = settings.TIME_ZONE
    batch.rules_version = describe_rules()
    batch.built_at = at
    _save(batch, by=by, reason=reason)
    for portion in derive_payments(batch):
        Payment.objects.bulk_create([payment for payment, _ in portion])
        PaymentLine.objects.bulk_create(
            [line for _, lines in portion for line in lines], batch_size=1000
        )


@transaction.atomic
def submit_batch(*, batch: PayoutBatch, by: User, at: dt.datetime | None = None) -> PayoutBatch:
    """Sign a draft and hand it to the approvers. Raises BatchOutdated if it is no longer true."""
    at = at or timezone.now()
    fold_views(at=at)
    batch = _claim(batch, Status.DRAFT, "submitted")
    if not batch.payments.exists():
        raise WrongStatus("There is nothing to pay in this batch. Cancel it instead.")
    if not _is_up_to_date(batch):
        raise BatchOutdated(
            "Views or prices have changed since this batch was built. Rebuild it and look at it "
            "again before you submit it."
        )
    return _move(
        batch,
        Status.SUBMITTED,
        by=by,
        reason="Submitted",
        digest=digest_batch(batch),
        submitted_by=by,
        submitted_at=at,
        return_reason="",
    )


def _is_up_to_date(batch: PayoutBatch) -> bool:
    """Whether the batch's lines and payments are what would be built now, row by row."""
    derived = (
        (payment.author_id, *(getattr(line, name) for name in LINE_FACTS), payment.amount)
        for portion in derive_payments(batch)
        for payment, lines in portion
        for line in lines
    )
    stored = (
        PaymentLine.objects.filter(payment__batch=batch)
        .order_by("payment__author_id", *LINE_FACTS)
        .values_list("payment__author_id", *LINE_FACTS, "payment__amount")
        .iterator()
    )
    return all(now == then for now, then in zip_longest(derived, stored))


@transaction.atomic
def approve_batch(*, batch: PayoutBatch, by: User, at: dt.datetime | None = None) -> PayoutBatch:
    """Sign, as a second person, exactly what was submitted. Raises FourEyesViolation."""
    batch = _claim(batch, Status.SUBMITTED, "approved")
    if objections := find_objections(batch=batch, by=by):
        raise FourEyesViolation(" ".join(objections) + " Somebody else has to approve it.")
    if digest_batch(batch) != batch.digest:
        raise BatchTampered(
            "This batch is no longer what was submitted. Return it with a reason, and tell the "
            "administrators: its rows were changed past the application."
        )
    return _move(
        batch,
        Status.APPROVED,
        by=by,
        reason="Approved",
        approved_by=by,
        approved_at=at or timezone.now(),
    )


def find_objections(*, batch: PayoutBatch, by: User) -> list[str]:
    """Return why `by` may not approve the batch: the rules of four eyes, for superusers too."""
    objections = []
    if batch.submitted_by_id == by.pk:
        objections.append("You submitted this batch.")
    if batch.payments.filter(author=by).exists():
        objections.append("This batch pays you.")
    if find_price_editors(batch).filter(pk=by.pk).exists():
        objections.append("You were the last to change a price that this batch uses.")
    return objections


@transaction.atomic
def return_batch(*, batch: PayoutBatch, by: User, reason: str) -> PayoutBatch:
    """Hand a submitted batch back to finance as a draft, with what is asked of them."""
    _require(reason)
    batch = _claim(batch, Status.SUBMITTED, "returned")
    return _move(
        batch,
        Status.DRAFT,
        by=by,
        reason=f"Returned: {reason}",
        digest="",
        submitted_by=None,
        submitted_at=None,
        return_reason=reason,
    )


@transaction.atomic
def cancel_batch(*, batch: PayoutBatch, by: User, reason: str) -> PayoutBatch:
    """Give up a draft. Its views wait for the next batch that is built for the month."""
    _require(reason)
    batch = _claim(batch, Status.DRAFT, "cancelled")
    return _move(batch, Status.CANCELLED, by=by, reason=f"Cancelled: {reason}")


def _require(reason: str) -> None:
    if not reason.strip():
        raise ReasonRequired("Say why: the reason is kept with the batch.")


def _claim(batch: PayoutBatch, expected: Status, verb: str) -> PayoutBatch:
    """Return the batch as it is now, under the lock, if its state is the expected one."""
    hold_lock("payouts")
    batch = PayoutBatch.objects.get(pk=batch.pk)
    if batch.status != expected:
        raise WrongStatus(
            f"This batch is {batch.get_status_display().lower()} by now; only a batch that is "
            f"{expected.label.lower()} can be {verb}."
        )
    return batch


def _move(batch: PayoutBatch, to: Status, *, by: User, reason: str, **signature) -> PayoutBatch:
    """Compare and set the status with its signature, then save the step in the history."""
    if to not in PayoutBatch.TRANSITIONS[batch.status]:
        raise WrongStatus(f"A batch can't go from {batch.status} to {to}.")
    changes = {"status": to, **signature}
    if not PayoutBatch.objects.filter(pk=batch.pk, status=batch.status).update(**changes):
        raise WrongStatus("Somebody else was faster. Look at the batch again.")
    for name, value in changes.items():
        setattr(batch, name, value)
    return _save(batch, by=by, reason=reason)


def _save(batch: PayoutBatch, *, by: User | None, reason: str) -> PayoutBatch:
    batch._history_user = by
    batch._change_reason = reason
    batch.save()
    return batch
