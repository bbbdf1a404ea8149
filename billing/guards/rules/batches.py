"""The steps of a batch, and what each of them may change."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.guards.rules.moves import moves
from billing.models import PayoutBatch

# The fields that an approval may set, and those that a return may change.
APPROVALS = ("approved_by", "approved_at", "second_approved_by", "second_approved_at")
SUBMISSION = ("digest", "submitted_by", "submitted_at", "approvals_needed", "return_reason")


def keep_batches() -> Iterator[Rule]:
    moved = "NEW.status <> OLD.status"
    approved = "(NEW.approved_by_id IS NOT NULL OR NEW.second_approved_by_id IS NOT NULL)"
    yield Rule(PayoutBatch, "DELETE", "TRUE", "payout batches are cancelled, never deleted.")
    yield Rule(
        PayoutBatch,
        "INSERT",
        f"NEW.status <> 'draft' OR NEW.submitted_by_id IS NOT NULL OR {approved}",
        "a payout batch starts as a draft that nobody has signed.",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        f"{moved} AND NOT {moves(PayoutBatch.TRANSITIONS)}",
        "a payout batch does not go from that status to this one.",
        topic="status",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        """OLD.status = 'draft' AND NEW.status = 'submitted' AND NOT EXISTS (
            SELECT 1 FROM billing_viewseal seal
            WHERE seal.number = (SELECT MAX(number) FROM billing_viewseal)
            AND seal.kind = 'submission' AND seal.day = NEW.month
            AND REPLACE(seal.content, NEW.digest, '') <> seal.content
        )""",
        "a payout batch is submitted with a seal of the views that it rests on.",
        topic="submission",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        f"(OLD.status IN ('draft', 'cancelled') OR NEW.status = 'draft') AND {approved}",
        "only a submitted payout batch is approved.",
        topic="approval",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        f"""OLD.status = 'submitted' AND CASE
            WHEN NEW.status = 'draft'
            THEN {changes(PayoutBatch, but=("status", *APPROVALS, *SUBMISSION))}
            WHEN OLD.approved_by_id IS NULL
            THEN {changes(PayoutBatch, but=("status", *APPROVALS))}
            ELSE {changes(PayoutBatch, but=("status", *APPROVALS[2:]))}
        END""",
        "a submitted payout batch is approved or returned, not changed.",
        topic="submitted",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        "OLD.status IN ('approved', 'paid', 'cancelled') "
        f"AND {changes(PayoutBatch, but=['status'])}",
        "an approved, paid or cancelled payout batch is not changed.",
        topic="sealed",
    )
