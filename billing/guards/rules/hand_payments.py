"""Payments by hand: two people, in no file, and the only result that needs no file."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import HandPayment, PaymentResult

CONFIRMED = ("confirmed_by", "confirmed_at")
WITHDRAWN = ("withdrawn_by", "withdrawn_at", "withdrawal")

# A scalar for each row: a join over all results would run for each inserted one.
STANDING = """(
    SELECT hand.id FROM billing_handpayment hand
    WHERE hand.payment_id = NEW.payment_id AND hand.withdrawn_at IS NULL
)"""
AUTHOR = "(SELECT author_id FROM billing_payment WHERE id = NEW.payment_id)"


def keep_hand_payments() -> Iterator[Rule]:
    yield Rule(HandPayment, "DELETE", "TRUE", "payments by hand are taken back, never deleted.")
    yield Rule(
        HandPayment,
        "INSERT",
        "NEW.confirmed_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL",
        "a payment by hand is proposed first, and confirmed by somebody else.",
    )
    yield Rule(
        HandPayment,
        "INSERT",
        """NOT EXISTS (
            SELECT 1 FROM billing_payment payment
            JOIN billing_payoutbatch batch ON batch.id = payment.batch_id
            WHERE payment.id = NEW.payment_id
            AND payment.status = 'payable' AND batch.status = 'approved'
        )""",
        "only a payment of an approved batch that has no result is made by hand.",
        topic="payable",
    )
    yield Rule(
        HandPayment,
        "INSERT",
        "EXISTS (SELECT 1 FROM billing_exportedpayment WHERE payment_id = NEW.payment_id)",
        "no payment is made by hand once a file pays it.",
        topic="file",
    )
    for event, person in (("INSERT", "proposed_by_id"), ("UPDATE", "confirmed_by_id")):
        yield Rule(
            HandPayment,
            event,
            f"NEW.{person} = {AUTHOR}",
            "nobody says that a payment of their own was made by hand.",
            topic="own",
        )
    yield Rule(
        HandPayment,
        "UPDATE",
        f"""{changes(HandPayment, but=[*CONFIRMED, *WITHDRAWN])}
        OR OLD.confirmed_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL""",
        "a payment by hand is confirmed once, or taken back, and not changed otherwise.",
    )


def keep_results_apart() -> Iterator[Rule]:
    """A result is the bank's, after a file, or that of the payment by hand that stands."""
    yield Rule(
        PaymentResult,
        "INSERT",
        f"COALESCE(NEW.by_hand_id, 0) <> COALESCE({STANDING}, 0)",
        "a payment by hand has the result that was confirmed, and no other.",
        topic="by_hand",
    )
    yield Rule(
        PaymentResult,
        "INSERT",
        """NEW.by_hand_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM billing_handpayment hand
            WHERE hand.id = NEW.by_hand_id AND hand.confirmed_at IS NOT NULL
            AND (
                NEW.outcome = 'paid' AND NEW.by_id = hand.confirmed_by_id
                OR EXISTS (
                    SELECT 1 FROM billing_paymentresult earlier
                    WHERE earlier.payment_id = NEW.payment_id AND earlier.id <> NEW.id
                )
            )
        )""",
        "a payment by hand is paid once a second person has confirmed it.",
        topic="confirmed",
    )
    yield Rule(
        PaymentResult,
        "INSERT",
        """NEW.by_hand_id IS NULL AND NOT EXISTS (
            SELECT 1 FROM billing_exportedpayment WHERE payment_id = NEW.payment_id
        )""",
        "a payment has a result of the bank only after a file with it was exported.",
        topic="file",
    )
