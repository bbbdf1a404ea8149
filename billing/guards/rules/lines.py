"""Lines of a payment, and the prices and adjustments that they use."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import Adjustment, CategoryPrice, PaymentLine


def keep_lines() -> Iterator[Rule]:
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


def keep_what_lines_use() -> Iterator[Rule]:
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
