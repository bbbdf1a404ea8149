"""The next step of a batch, as a sentence for the person who reads its page."""

from collections.abc import Callable

from django.contrib.auth.models import User

from backoffice.people import full_name
from billing.models import Finding, PayoutBatch
from billing.payouts.four_eyes import find_objections
from billing.statements.batches import Statement

Status = PayoutBatch.Status


def describe_next_step(*, statement: Statement, user: User) -> str:
    """Return the sentence that tells `user` the batch's next step. At most six queries."""
    describe: dict[str, Callable[[Statement, User], str]] = {
        Status.DRAFT: _describe_draft,
        Status.SUBMITTED: _describe_submitted,
        Status.APPROVED: _describe_approved,
        Status.PAID: _describe_paid,
        Status.CANCELLED: _describe_cancelled,
    }
    return describe[statement.batch.status](statement, user)


def _describe_draft(statement: Statement, user: User) -> str:
    batch = statement.batch
    if not user.has_perm("billing.submit_payoutbatch"):
        return "Finance is checking the payments. An approver comes next."
    if not batch.payment_count:
        return "There is nothing to pay. Cancel the batch."
    if statement.blockers:
        return "Fix the problems that are listed under Checks. Then submit the batch."
    if statement.foreseen and statement.foreseen.authors and not batch.return_reason:
        return (
            "Rebuild the batch, which is out of date: its overview says why. Then submit it for "
            "approval."
        )
    if batch.return_reason:
        return "Do what the approver asks for, rebuild the batch, and submit it again."
    findings = Finding.objects.filter(month=batch.month)
    if findings.filter(status=Finding.Status.EXCLUDED, decided_at__gt=batch.built_at).exists():
        return "Rebuild the batch: views were excluded since it was built."
    undecided = findings.filter(status=Finding.Status.OPEN).exclude(kind=Finding.Kind.UNPRICED)
    if number := undecided.count():
        text = "1 open finding" if number == 1 else f"{number:,} open findings"
        return f"Decide about {text}, check the payments, then submit the batch for approval."
    if not batch.total:
        return (
            "Nothing is paid out: every payment is on hold or carried to the next batch. Check "
            "them, then submit the batch for approval all the same."
        )
    return "Check the payments, then submit the batch for approval."


def _describe_submitted(statement: Statement, user: User) -> str:
    batch = statement.batch
    if batch.approved_by:
        waiting = f"{full_name(batch.approved_by)} has approved it. It needs a second approver."
    else:
        number = "two approvers" if batch.approvals_needed == 2 else "an approver"
        waiting = f"Waiting for {number}."
    if batch.submitted_by_id == user.pk:
        return f"{waiting} You submitted it, so somebody else has to approve it."
    if not user.has_perm("billing.approve_payoutbatch"):
        return waiting
    if objections := find_objections(batch=batch, by=user):
        return " ".join([*objections, "Somebody else has to approve it."])
    advice = "Check the payments, then approve the batch, or return it to finance with a reason."
    return f"{waiting} {advice}" if batch.approvals_needed == 2 else advice


def _describe_approved(statement: Statement, user: User) -> str:
    is_exported = bool(statement.exports)
    is_whole = is_exported and not statement.unsent["number"]
    if is_whole and user.has_perm("billing.settle_payoutbatch"):
        if statement.in_dispute["number"]:
            return (
                "Have the payments paid by the file below, under “Files”, and record the bank’s "
                "results. Answer the open disputes: then the next file takes the rest."
            )
        return (
            "The payments are exported. Have them paid by the file below, under “Files”. Once "
            "the bank has answered, record its results."
        )
    if is_exported and statement.unsent["number"] and user.has_perm("billing.export_payoutbatch"):
        return "A part of the payments is in no file to the bank yet: export these as well."
    if not is_exported and user.has_perm("billing.export_payoutbatch"):
        return "Export the payments, and have them paid by the file."
    return "Approved. Finance exports the payments, has them paid and records the bank's results."


def _describe_paid(statement: Statement, user: User) -> str:
    if not statement.batch.total:
        return "Everything is done. Nothing was paid out: all is on hold or carried."
    number = statement.shares["failed"].payments
    if not number:
        return "Everything is done: the payments were made."
    if number == 1:
        return "The payments were made but for 1 that failed. It comes back with a later batch."
    return (
        f"The payments were made but for {number:,} that failed. They come back with a later batch."
    )


def _describe_cancelled(statement: Statement, user: User) -> str:
    return "This batch was given up. What it held is paid by another batch."
