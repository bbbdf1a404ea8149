"""Payments of a batch, and their status."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.guards.rules.moves import moves
from billing.models import Payment

RESULTS = {"payable": ("paid", "failed"), "paid": ("failed",), "failed": ("paid",)}


def keep_payments() -> Iterator[Rule]:
    status = "(SELECT status FROM billing_payoutbatch WHERE id = {}.batch_id)"
    old, new = status.format("OLD"), status.format("NEW")
    reason = "payments of a batch that is no draft any more are not added, changed or deleted."
    yield Rule(Payment, "INSERT", f"{new} <> 'draft'", reason)
    yield Rule(Payment, "DELETE", f"{old} <> 'draft'", reason)
    yield Rule(
        Payment,
        "UPDATE",
        f"{changes(Payment, but=['status'])} AND ({old} <> 'draft' OR {new} <> 'draft')",
        reason,
    )
    # +id: without the plus, PostgreSQL searches the newest results of all payments.
    yield Rule(
        Payment,
        "UPDATE",
        f"""NEW.status <> OLD.status AND {old} <> 'draft' AND NOT (
            {old} IN ('approved', 'paid') AND {moves(RESULTS)} AND NEW.status = COALESCE((
                SELECT outcome FROM billing_paymentresult
                WHERE payment_id = NEW.id ORDER BY +id DESC LIMIT 1
            ), '')
        )""",  # noqa: S608
        "the status of a payment is what its latest result says.",
        topic="status",
    )
