"""Changes that the database refuses, as SQL over OLD and NEW for SQLite and PostgreSQL alike.

The rules hold for every writer: the application, a shell, a person at the database's prompt.
"""

from collections.abc import Collection, Iterator, Mapping

from backoffice.guards.rules import Rule, changes
from billing.models import (
    Acknowledgement,
    Adjustment,
    CategoryPrice,
    Payment,
    PaymentExport,
    PaymentInstruction,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    Seal,
)

TRACKED = (Adjustment, CategoryPrice, PaymentInstruction, PayoutBatch)
APPEND_ONLY = (
    Acknowledgement,
    PaymentExport,
    PaymentResult,
    Seal,
    *(model.history.model for model in TRACKED),
)

# The fields that an approval may set, and those that a return may change.
APPROVALS = ("approved_by", "approved_at", "second_approved_by", "second_approved_at")
SUBMISSION = ("digest", "submitted_by", "submitted_at", "approvals_needed", "return_reason")
SETTLEMENTS = {"payable": ("paid", "failed"), "paid": ("failed",), "failed": ("paid",)}


def list_rules() -> list[Rule]:
    return [
        *_keep_what_is_added(),
        *_keep_batches(),
        *_keep_four_eyes(),
        *_keep_paused_accounts(),
        *_keep_payments(),
        *_keep_lines(),
        *_keep_what_lines_use(),
        *_keep_instructions(),
    ]


def _moves[Status: str](transitions: Mapping[Status, Collection[str]]) -> str:
    """Return SQL that is true if the status takes one of these steps."""
    ways = sorted(f"('{old}', '{new}')" for old, news in transitions.items() for new in news)
    return f"(OLD.status, NEW.status) IN (VALUES {', '.join(ways)})"


def _keep_what_is_added() -> Iterator[Rule]:
    for model in APPEND_ONLY:
        reason = f"{model._meta.verbose_name_plural} are added, never changed or deleted."
        yield Rule(model, "UPDATE", "TRUE", reason)
        yield Rule(model, "DELETE", "TRUE", reason)
    yield Rule(
        Seal,
        "INSERT",
        "NEW.kind = 'upgrade'",
        "only an upgrade seals what was approved before there were seals.",
    )
    yield Rule(
        Acknowledgement,
        "INSERT",
        "(SELECT status FROM billing_payoutbatch WHERE id = NEW.batch_id) <> 'submitted'",
        "only a batch that awaits approval is acknowledged.",
    )


def _keep_batches() -> Iterator[Rule]:
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
        f"{moved} AND NOT {_moves(PayoutBatch.TRANSITIONS)}",
        "a payout batch does not go from that status to this one.",
        topic="status",
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


def _keep_four_eyes() -> Iterator[Rule]:
    """Refuse approvers as billing.payouts.four_eyes does. A constraint refuses the submitter."""

    def rule(topic: str, involved: str, reason: str) -> Rule:
        refused_if = f"OLD.status = 'submitted' AND EXISTS ({involved})"
        return Rule(PayoutBatch, "UPDATE", refused_if, reason, topic=topic)

    yield rule(
        "payee",
        """
        SELECT 1 FROM billing_payment payment
        WHERE payment.batch_id = NEW.id
        AND payment.author_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        """,
        "nobody approves a batch that pays them.",
    )
    yield rule(
        "price",
        """
        SELECT 1 FROM billing_historicalcategoryprice edit
        WHERE edit.history_user_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        AND NOT EXISTS (
            SELECT 1 FROM billing_historicalcategoryprice later
            WHERE later.id = edit.id
            AND (later.history_date, later.history_id) > (edit.history_date, edit.history_id)
        )
        AND EXISTS (
            SELECT 1 FROM billing_paymentline line
            JOIN billing_payment payment ON payment.id = line.payment_id
            WHERE line.price_id = edit.id AND payment.batch_id = NEW.id
        )
        """,
        "nobody approves a batch whose price they were the last to change.",
    )
    yield rule(
        "adjustment",
        """
        SELECT 1 FROM billing_payment payment
        JOIN billing_paymentline line ON line.payment_id = payment.id
        LEFT JOIN billing_historicaladjustment edit ON edit.id = line.adjustment_id
        JOIN billing_adjustment adjustment ON adjustment.id = line.adjustment_id
        WHERE payment.batch_id = NEW.id AND (
            edit.history_user_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
            OR adjustment.created_by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        )
        """,
        "nobody approves an adjustment that they made or changed.",
    )
    yield rule(
        "instruction",
        """
        SELECT 1 FROM billing_payment payment
        JOIN billing_paymentinstruction instruction ON instruction.author_id = payment.author_id
        WHERE payment.batch_id = NEW.id
        AND (
            instruction.created_by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
            OR instruction.ended_by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        )
        AND (instruction.ended_at IS NULL OR instruction.ended_at >= NEW.month)
        """,
        "nobody approves a payment that they held, released or ordered.",
    )


def _keep_paused_accounts() -> Iterator[Rule]:
    """Refuse signatures by people whose account somebody else has just changed.

    The rule is that of backoffice.accounts.pauses. It compares with the time of the signature, so
    that both databases read it alike.
    """

    def paused(person: str, moment: str) -> str:
        return f"""EXISTS (
            SELECT 1 FROM backoffice_securityevent event
            WHERE event.about_id = NEW.{person}
            AND event.at <= NEW.{moment} AND event.pauses_until > NEW.{moment}
        )"""  # noqa: S608

    reason = "nobody signs while somebody else has just changed their account."
    yield Rule(
        PayoutBatch,
        "UPDATE",
        f"OLD.status = 'draft' AND NEW.status = 'submitted' "
        f"AND {paused('submitted_by_id', 'submitted_at')}",
        reason,
        topic="paused_submitter",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        f"""OLD.status = 'submitted' AND (
            OLD.approved_by_id IS NULL AND {paused("approved_by_id", "approved_at")}
            OR {paused("second_approved_by_id", "second_approved_at")}
        )""",
        reason,
        topic="paused_approver",
    )
    yield Rule(PaymentResult, "INSERT", paused("by_id", "at"), reason, topic="paused")


def _keep_payments() -> Iterator[Rule]:
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
            {old} IN ('approved', 'paid') AND {_moves(SETTLEMENTS)} AND NEW.status = COALESCE((
                SELECT outcome FROM billing_paymentresult
                WHERE payment_id = NEW.id ORDER BY +id DESC LIMIT 1
            ), '')
        )""",  # noqa: S608
        "the status of a payment is what its latest result says.",
        topic="status",
    )


def _keep_lines() -> Iterator[Rule]:
    status = """(
        SELECT batch.status FROM billing_payment payment
        JOIN billing_payoutbatch batch ON batch.id = payment.batch_id
        WHERE payment.id = {}.payment_id
    )"""
    reason = "lines of a batch that is no draft any more are not added, changed or deleted."
    yield Rule(PaymentLine, "INSERT", f"{status.format('NEW')} <> 'draft'", reason)
    yield Rule(PaymentLine, "DELETE", f"{status.format('OLD')} <> 'draft'", reason)
    yield Rule(PaymentLine, "UPDATE", f"{status.format('OLD')} <> 'draft'", reason, topic="from")
    yield Rule(PaymentLine, "UPDATE", f"{status.format('NEW')} <> 'draft'", reason, topic="to")


def _keep_what_lines_use() -> Iterator[Rule]:
    signed = """EXISTS (
        SELECT 1 FROM billing_paymentline line
        JOIN billing_payment payment ON payment.id = line.payment_id
        JOIN billing_payoutbatch batch ON batch.id = payment.batch_id
        WHERE line.{}_id = OLD.id AND batch.status IN ('submitted', 'approved', 'paid')
    )"""
    yield Rule(
        CategoryPrice,
        "UPDATE",
        f"{changes(CategoryPrice)} AND {signed.format('price')}",
        "a price that a signed batch has used is not changed.",
    )
    yield Rule(
        CategoryPrice,
        "DELETE",
        signed.format("price"),
        "a price that a signed batch has used is not deleted.",
    )
    yield Rule(
        Adjustment,
        "UPDATE",
        f"{changes(Adjustment)} AND {signed.format('adjustment')}",
        "an adjustment that a signed batch includes is not changed.",
    )
    yield Rule(Adjustment, "DELETE", "TRUE", "adjustments are withdrawn, never deleted.")


def _keep_instructions() -> Iterator[Rule]:
    end = ("ended_by", "ended_at", "end_reason")
    yield Rule(
        PaymentInstruction,
        "UPDATE",
        f"""{changes(PaymentInstruction, but=end)}
        OR OLD.ended_at IS NOT NULL AND {changes(PaymentInstruction)}""",
        "a hold or pay-out is ended once, and not changed otherwise.",
    )
    yield Rule(PaymentInstruction, "DELETE", "TRUE", "holds and pay-outs are ended, never deleted.")
