"""Disputes: asked by the author alone, answered by somebody else, once."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule
from billing.models import Dispute, DisputeAnswer, ExportedPayment, HandPayment

# The line that a dispute is about, on the batch about which it was asked.
SAME_LINE = """dispute.author_id = payment.author_id AND (
    line.adjustment_id = dispute.adjustment_id
    OR line.kind = 'views' AND line.blog_id = dispute.blog_id
    AND line.category_id = dispute.category_id AND line.price_id = dispute.price_id
    AND line.month = dispute.month
)"""


def keep_disputes() -> Iterator[Rule]:
    yield Rule(
        Dispute,
        "INSERT",
        """NOT EXISTS (
            SELECT 1 FROM billing_payment payment
            WHERE payment.reference = NEW.reference AND payment.author_id = NEW.author_id
            AND payment.batch_id = NEW.batch_id
        )""",
        "authors ask about lines of their own payments.",
        topic="own",
    )
    yield Rule(
        Dispute,
        "INSERT",
        """EXISTS (
            SELECT 1 FROM billing_dispute other
            LEFT JOIN billing_disputeanswer answer ON answer.dispute_id = other.id
            WHERE answer.id IS NULL AND other.id <> NEW.id AND other.author_id = NEW.author_id
            AND (
                other.adjustment_id = NEW.adjustment_id
                OR other.blog_id = NEW.blog_id AND other.category_id = NEW.category_id
                AND other.price_id = NEW.price_id AND other.month = NEW.month
            )
        )""",
        "a line has one open dispute.",
        topic="once",
    )
    author = "(SELECT author_id FROM billing_dispute WHERE id = NEW.dispute_id)"
    yield Rule(
        DisputeAnswer,
        "INSERT",
        f"(NEW.outcome = 'withdrawn') <> (NEW.by_id = {author})",
        "an author takes back an own dispute, and somebody else decides it.",
        topic="own",
    )
    for paid, what in ((ExportedPayment, "no file pays"), (HandPayment, "nobody pays by hand")):
        yield Rule(
            paid,
            "INSERT",
            f"""EXISTS (
                SELECT 1 FROM billing_payment payment
                JOIN billing_dispute dispute ON dispute.batch_id = payment.batch_id
                JOIN billing_paymentline line ON line.payment_id = payment.id
                LEFT JOIN billing_disputeanswer answer ON answer.dispute_id = dispute.id
                WHERE payment.id = NEW.payment_id AND answer.id IS NULL AND {SAME_LINE}
            )""",  # noqa: S608
            f"{what} a payment before its author has the answer about a line.",
            topic="dispute",
        )
