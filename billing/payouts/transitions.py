"""Moves a batch to its next status under the lock, after a new check, with its history."""

from django.contrib.auth.models import User

from backoffice.signing import save_signed
from billing.errors import WrongStatus
from billing.locks import Lock, hold_lock
from billing.models import PayoutBatch
from billing.payees.copies import drop_copies

Status = PayoutBatch.Status


def claim_batch(batch: PayoutBatch, *expected: PayoutBatch.Status, verb: str) -> PayoutBatch:
    """Return the current batch, under the lock "payouts", if it has an expected status."""
    hold_lock(Lock.PAYOUTS)
    batch = PayoutBatch.objects.with_state().get(pk=batch.pk)
    if batch.status not in expected:
        names = " or ".join(status.label.lower() for status in expected)
        raise WrongStatus(
            f"This batch is {batch.state.lower()} by now; only a batch that is "
            f"{names} can be {verb}."
        )
    return batch


def move_batch(
    batch: PayoutBatch, to: PayoutBatch.Status, *, by: User | None, reason: str, **signature
) -> PayoutBatch:
    """Compare and set the status with its signature, then save the step in the history.

    The first of two approvals keeps the status.
    """
    if to != batch.status and to not in PayoutBatch.TRANSITIONS[Status(batch.status)]:
        names = f"{batch.get_status_display().lower()} to {to.label.lower()}"
        raise WrongStatus(f"A batch can't go from {names}.")
    changes = {"status": to, **signature}
    unchanged = PayoutBatch.objects.filter(
        pk=batch.pk, status=batch.status, digest=batch.digest, approved_by=batch.approved_by_id
    )
    if not unchanged.update(**changes):
        raise WrongStatus("Somebody else was faster. Look at the batch again.")
    for name, value in changes.items():
        setattr(batch, name, value)
    if to == Status.DRAFT:
        drop_copies(batch)
    return save_signed(batch, by=by, reason=reason)
