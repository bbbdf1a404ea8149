"""What nobody decides about their own money, and what one person does not decide alone."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule
from billing.models import Adjustment, Finding, Hold, PaymentResult


def keep_own_money() -> Iterator[Rule]:
    """Refuse decisions about one's own money. A constraint does for adjustments and holds."""
    yield Rule(
        PaymentResult,
        "INSERT",
        "NEW.by_id = (SELECT author_id FROM billing_payment WHERE id = NEW.payment_id)",
        "nobody records what the bank did with a payment of their own.",
        topic="own",
    )
    yield Rule(
        Finding,
        "UPDATE",
        "NEW.status <> 'open' AND NEW.decided_by_id = NEW.author_id",
        "nobody decides about their own views.",
        topic="own",
    )
    yield Rule(
        Adjustment,
        "UPDATE",
        "NEW.withdrawn_by_id = NEW.author_id",
        "nobody withdraws an adjustment of their own.",
        topic="own",
    )
    yield Rule(
        Hold,
        "UPDATE",
        "NEW.ended_by_id = NEW.author_id",
        "nobody ends a hold or pay-out of their own.",
        topic="own",
    )


def keep_results() -> Iterator[Rule]:
    # A scalar for each row: where nobody has counted the table's rows, PostgreSQL would compare
    # each new one with all. +id: without the plus, it searches the newest results of all payments.
    yield Rule(
        PaymentResult,
        "INSERT",
        """COALESCE((
            SELECT NEW.reason = '' OR NEW.by_id = earlier.by_id
            FROM billing_paymentresult earlier
            WHERE earlier.payment_id = NEW.payment_id AND earlier.id <> NEW.id
            ORDER BY +earlier.id DESC LIMIT 1
        ), FALSE)""",
        "another result than before needs a reason, and another person.",
        topic="correction",
    )
