"""Who may sign a batch or a result."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule
from billing.guards.rules.disputes import SAME_LINE
from billing.models import PaymentResult, PayoutBatch


def keep_four_eyes() -> Iterator[Rule]:
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
        "co_author",
        """
        SELECT 1 FROM billing_payment payment
        JOIN billing_paymentline line ON line.payment_id = payment.id
        JOIN weblog_blog_co_authors writer ON writer.blog_id = line.blog_id
        WHERE payment.batch_id = NEW.id
        AND writer.user_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        """,
        "nobody approves a batch that pays for a blog that they write with others.",
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
    yield Rule(
        PayoutBatch,
        "UPDATE",
        "OLD.status = 'submitted' "
        "AND NEW.left_out_by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)",
        "nobody approves a batch whose views without a price they left out.",
        topic="left_out",
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
        "hold",
        """
        SELECT 1 FROM billing_payment payment
        JOIN billing_hold hold ON hold.author_id = payment.author_id
        WHERE payment.batch_id = NEW.id
        AND (
            hold.created_by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
            OR hold.ended_by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        )
        AND (hold.ended_at IS NULL OR hold.ended_at >= NEW.month)
        """,
        "nobody approves a payment that they held, released or paid out in full.",
    )
    yield rule(
        "act",
        """
        SELECT 1 FROM billing_batchact act
        WHERE act.batch_id = NEW.id AND act.digest = NEW.digest
        AND act.by_id IN (NEW.approved_by_id, NEW.second_approved_by_id)
        """,
        "nobody approves a batch when an act of theirs changed what it pays.",
    )
    # Who had approved before stays: only a new signature is refused.
    yield rule(
        "answer",
        f"""
        SELECT 1 FROM billing_disputeanswer answer
        JOIN billing_dispute dispute ON dispute.id = answer.dispute_id
        JOIN billing_payment payment ON payment.batch_id = dispute.batch_id
        JOIN billing_paymentline line ON line.payment_id = payment.id
        WHERE dispute.batch_id = NEW.id AND answer.outcome <> 'withdrawn' AND {SAME_LINE}
        AND (
            answer.by_id = NEW.approved_by_id AND OLD.approved_by_id IS NULL
            OR answer.by_id = NEW.second_approved_by_id AND OLD.second_approved_by_id IS NULL
        )
        """,  # noqa: S608
        "nobody approves a batch that pays a line about which they answered its author.",
    )


def keep_paused_accounts() -> Iterator[Rule]:
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
