"""What is asked of a submitted batch: it is recalled, or returned and answered."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from billing.errors import FourEyesViolation, require_reason
from billing.models import PayoutBatch
from billing.payouts.transitions import claim_batch, move_batch

Status = PayoutBatch.Status

UNSIGNED = {
    "digest": "",
    "submitted_by": None,
    "submitted_at": None,
    "approved_by": None,
    "approved_at": None,
    "approvals_needed": 1,
}


@transaction.atomic
def recall_batch(*, batch: PayoutBatch, by: User, reason: str) -> PayoutBatch:
    """Take back one's own submission, before the batch is approved; it is a draft again.

    A first approval of two is void with it. Raises ReasonRequired, WrongStatus, FourEyesViolation.
    """
    require_reason(reason, "Say why: the reason is kept with the batch.")
    batch = claim_batch(batch, Status.SUBMITTED, verb="recalled")
    if batch.submitted_by_id != by.pk:
        raise FourEyesViolation(
            "Only whoever submitted a batch recalls it. An approver can return it to finance."
        )
    return move_batch(
        batch,
        Status.DRAFT,
        by=by,
        reason=f"{PayoutBatch.RECALLED}{reason}",
        return_reason="",
        **UNSIGNED,
    )


def find_request(batch: PayoutBatch) -> Any:
    """Return the step of the history by which a person returned the draft, or None. One query.

    What an upgrade returned asks nobody for an answer.
    """
    if not batch.return_reason:
        return None
    returned = batch.history.filter(history_change_reason=f"{batch.RETURNED}{batch.return_reason}")
    return returned.select_related("history_user").first()


def describe_submission(batch: PayoutBatch, answer: str) -> str:
    """Return the reason of the step, with the answer to what was asked. Raises ReasonRequired."""
    if find_request(batch) is None:
        return "Submitted"
    require_reason(
        answer, "Answer what the approver asked for: your words are kept with the batch."
    )
    return f"{batch.ANSWERED}{answer.strip()}"
