"""A month's payout batch: built from counts and prices, submitted by one, approved by another.

Each function is one transaction that waits for the lock "payouts", checks the state again and
moves the batch by compare-and-set. Permissions are the caller's; the rules here hold for everyone.
"""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from backoffice.reasons import has_sentence
from billing.clocks import read_clock, read_witnessed_time
from billing.counting.folding import fold_views
from billing.errors import (
    AcknowledgementMissing,
    BatchBlocked,
    BatchOutdated,
    BatchTampered,
    BillingError,
    FourEyesViolation,
    MonthNotClosed,
    MonthsRefused,
    NothingToBuild,
    require_reason,
)
from billing.findings.decisions import find_findings
from billing.locks import Lock, hold_lock
from billing.models import Acknowledgement, PaymentLine, PayoutBatch, Seal
from billing.payees.copies import copy_payees, find_changed_copy
from billing.payouts import mails
from billing.payouts.acts.gathering import keep_acts
from billing.payouts.batch_checks import find_blockers, find_flags
from billing.payouts.due_months import find_months_to_build
from billing.payouts.filling import check_settings, fill_batch, is_up_to_date, leave_out_unpriced
from billing.payouts.four_eyes import check_account, find_objections
from billing.payouts.requests import UNSIGNED, describe_submission
from billing.payouts.transitions import claim_batch, move_batch
from billing.payouts.untouched import check_entries
from billing.periods import closes_on, day_of
from billing.proof.digests import digest_batch
from billing.proof.sealing import append_seal, make_approval
from billing.proof.traces import seal_traces, trace_rows
from billing.proof.view_seals import seal_submission

Status = PayoutBatch.Status


def build_closed_months(
    *,
    by: User | None = None,
    leave_out: Mapping[dt.date, str] = MappingProxyType({}),
    at: dt.datetime | None = None,
) -> list[PayoutBatch]:
    """Build and return a batch for each month that find_months_to_build returns, oldest first.

    A month that is refused stops no other: MonthsRefused, at the end, names it and holds those that
    were built. `leave_out` has the reason to build a month without its views that have no price.
    Without `at`, a month is closed only once an event came after its end; the clock alone is not
    enough. Raises ClockDoubted.
    """
    witnessed_at = at or read_witnessed_time()
    at = at or read_clock()
    fold_views(at=at)
    batches: list[PayoutBatch] = []
    refusals: dict[dt.date, str] = {}
    for month in find_months_to_build(at=witnessed_at):
        # A batch that was just built may have taken in all that the last month was due for.
        if batches and month not in find_months_to_build(at=witnessed_at):
            continue
        try:
            reason = leave_out.get(month, "")
            batches.append(build_batch(month=month, by=by, leave_out=reason, at=at)[0])
        except BillingError as refusal:
            refusals[month] = str(refusal)
    if refusals:
        raise MonthsRefused(batches, refusals)
    return batches


def build_batch(
    *,
    month: dt.date,
    by: User | None = None,
    leave_out: str = "",
    at: dt.datetime | None = None,
) -> tuple[PayoutBatch, bool]:
    """Return the batch of a closed month and whether it was built now.

    Folds and searches for findings first. Returns a standing batch unchanged. `leave_out`, of `by`,
    is why to build it without the month's views that have no price. Raises MonthNotClosed,
    MissingPrice, NothingToBuild or ClockDoubted before it writes a batch. Without `at`, a month is
    closed once a job or a reader came after its days of grace: see read_witnessed_time.
    """
    witnessed_at = at or read_witnessed_time()
    at = at or read_clock()
    if closes_on(month) > day_of(witnessed_at):
        raise MonthNotClosed(
            f"{month:%B %Y} can be paid from {closes_on(month):%-d %b %Y} on, when the month and "
            f"its {settings.PAYOUT_GRACE_DAYS} days of grace are over."
        )
    fold_views(at=at)
    find_findings(month=month, at=at)
    with transaction.atomic():
        hold_lock(Lock.PAYOUTS)
        if standing := PayoutBatch.objects.standing().filter(month=month).first():
            return standing, False
        attempt = PayoutBatch.objects.filter(month=month).count() + 1
        batch = PayoutBatch(month=month, attempt=attempt)
        done = leave_out_unpriced(batch, by=by, reason=leave_out) if leave_out else "Built"
        fill_batch(batch, at=at, reason=done, by=by)
        if batch.left_out_categories and not batch.payments.exists():
            raise NothingToBuild(
                f"Without these views there is nothing to pay for {batch}. They wait by "
                "themselves until they have a price or are excluded."
            )
        return batch, True


def rebuild_batch(
    *, batch: PayoutBatch, by: User, leave_out: str = "", at: dt.datetime | None = None
) -> PayoutBatch:
    """Build a draft anew from today's counts and prices, adjustments, holds and limits.

    It goes on to leave out what it left out before. `leave_out` is the reason of `by` to leave out
    all of the month's views that have no price now. It keeps its currency and time zone: raises
    SettingChanged where today's are others, and MissingPrice. A payment keeps its key, and so its
    address; foresee_rebuild tells beforehand what will change.
    """
    at = at or timezone.now()
    fold_views(at=at)
    find_findings(month=batch.month, at=at)
    with transaction.atomic():
        batch = claim_batch(batch, Status.DRAFT, verb="rebuilt")
        check_settings(batch)
        keys = dict(batch.payments.values_list("author", "pk"))
        PaymentLine.objects.filter(payment__batch=batch).delete()
        batch.payments.all().delete()
        done = leave_out_unpriced(batch, by=by, reason=leave_out) if leave_out else "Rebuilt"
        fill_batch(batch, at=at, reason=done, by=by, keys=keys)
        return batch


@transaction.atomic
def submit_batch(
    *, batch: PayoutBatch, by: User, answer: str = "", at: dt.datetime | None = None
) -> PayoutBatch:
    """Sign a draft for approval. Raises BatchBlocked, BatchOutdated and BatchTampered.

    BatchOutdated if what is due has changed since it was built. The locks keep views and findings
    as they are from then until the seal that says which views the batch rests on.

    A returned batch needs an `answer` to what was asked: raises ReasonRequired.
    """
    at = at or timezone.now()
    fold_views(at=at)
    hold_lock(Lock.FOLD)
    batch = claim_batch(batch, Status.DRAFT, verb="submitted")
    hold_lock(Lock.FINDINGS)
    check_account(by, at=at)
    done = describe_submission(batch, answer)
    if blockers := find_blockers(batch):
        raise BatchBlocked(" ".join(blocker.message for blocker in blockers))
    if not is_up_to_date(batch):
        raise BatchOutdated(
            "Views, prices, adjustments, disputes or accounts have changed since this batch was "
            "built. Rebuild it and look at it again before you submit it."
        )
    total = batch.payments.aggregate(sum=Sum("amount", default=0))["sum"]
    limit = batch.second_approval_above
    batch.approvals_needed = 2 if limit is not None and total > limit else 1
    digest = digest_batch(batch)
    stored = batch.payments.in_order().values_list("digest", flat=True)
    if digest != digest_batch(batch, stored.iterator()):
        raise BatchTampered(
            "Somebody changed rows of this batch outside the application. Rebuild it, and tell "
            "the administrators."
        )
    if copy_payees(batch, at=at):  # whose lines are those that were just compared
        digest = digest_batch(batch, stored.iterator())
    check_entries(batch)
    seal_submission(batch=batch, digest=digest, at=at)
    batch = move_batch(
        batch,
        Status.SUBMITTED,
        by=by,
        reason=done,
        approvals_needed=batch.approvals_needed,
        digest=digest,
        submitted_by=by,
        submitted_at=at,
        return_reason="",
    )
    keep_acts(batch)
    seal_traces(at=at)
    mails.mail_submitted(batch)
    return batch


@transaction.atomic
def approve_batch(
    *,
    batch: PayoutBatch,
    by: User,
    acknowledgements: Mapping[str, str] = MappingProxyType({}),
    at: dt.datetime | None = None,
) -> PayoutBatch:
    """Sign the batch exactly as another person submitted it; the last signature seals it.

    `acknowledgements` holds an answer to each flag of find_flags, by its code. Raises
    FourEyesViolation, BatchTampered and AcknowledgementMissing.
    """
    at = at or timezone.now()
    batch = claim_batch(batch, Status.SUBMITTED, verb="approved")
    if objections := find_objections(batch=batch, by=by, at=at):
        raise FourEyesViolation(" ".join(objections) + " Somebody else has to approve it.")
    if digest_batch(batch) != batch.digest or find_changed_copy(batch):
        raise BatchTampered(
            "Somebody changed this batch outside the application after its submission. Return it "
            "with a reason, and tell the administrators."
        )
    check_entries(batch)
    _acknowledge(batch, acknowledgements, by=by, at=at)
    if batch.approvals_needed == 2 and not batch.approved_by:
        batch = move_batch(
            batch,
            Status.SUBMITTED,
            by=by,
            reason="Approved by the first of two",
            approved_by=by,
            approved_at=at,
        )
        mails.mail_submitted(batch)
        return batch
    signature = {"approved_by": by, "approved_at": at}
    if batch.approved_by:
        signature = {"second_approved_by": by, "second_approved_at": at}
    batch = move_batch(batch, Status.APPROVED, by=by, reason="Approved", **signature)
    seal_traces(at=at)
    append_seal(batch=batch, kind=Seal.Kind.APPROVAL, content=make_approval(batch), at=at)
    if not batch.payments.payable().exists():
        batch = move_batch(batch, Status.PAID, by=by, reason="There was nothing to pay out")
    mails.mail_approved(batch)
    return batch


def _acknowledge(
    batch: PayoutBatch, acknowledgements: Mapping[str, str], *, by: User, at: dt.datetime
) -> None:
    flags = find_flags(batch)
    texts = {flag.code: acknowledgements.get(flag.code, "").strip() for flag in flags}
    if missing := [flag.message for flag in flags if not has_sentence(texts[flag.code])]:
        raise AcknowledgementMissing(
            f"Answer in words, with a sentence each, before you approve: {' '.join(missing)}"
        )
    # An approver of a batch that was returned and submitted unchanged has answered already.
    before = set(batch.acknowledgements.values_list("pk", flat=True))
    Acknowledgement.objects.bulk_create(
        (
            Acknowledgement(
                batch=batch,
                digest=batch.digest,
                flag=flag.code,
                message=flag.message,
                text=texts[flag.code],
                by=by,
                at=at,
            )
            for flag in flags
        ),
        ignore_conflicts=True,
    )
    trace_rows(batch.acknowledgements.exclude(pk__in=before))


@transaction.atomic
def return_batch(*, batch: PayoutBatch, by: User, reason: str) -> PayoutBatch:
    """Hand a submitted batch back to finance as a draft, with what is asked of them."""
    require_reason(reason, "Say why: the reason is kept with the batch.")
    batch = claim_batch(batch, Status.SUBMITTED, verb="returned")
    submitter = batch.submitted_by
    done = f"{batch.RETURNED}{reason}"
    batch = move_batch(batch, Status.DRAFT, by=by, reason=done, return_reason=reason, **UNSIGNED)
    mails.mail_returned(batch, to=submitter)
    return batch


@transaction.atomic
def cancel_batch(*, batch: PayoutBatch, by: User, reason: str) -> PayoutBatch:
    """Give up a draft. What it holds waits for the next batch that is built for the month."""
    require_reason(reason, "Say why: the reason is kept with the batch.")
    batch = claim_batch(batch, Status.DRAFT, verb="cancelled")
    return move_batch(batch, Status.CANCELLED, by=by, reason=f"Cancelled: {reason}")
