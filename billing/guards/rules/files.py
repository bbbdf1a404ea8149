"""Files to the bank: a payment is in one, and a file stays what was handed out."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import ExportedPayment, PaymentExport

MEASURED = ("payments_digest", "size", "sha256", "content")  # once its payments are in it
ENCRYPTED = ("key_id", "paid_from")


def keep_files() -> Iterator[Rule]:
    reason = "payment exports are added, never changed or deleted."
    yield Rule(PaymentExport, "DELETE", "TRUE", reason)
    yield Rule(
        PaymentExport,
        "UPDATE",
        f"""OLD.sha256 = '' AND {changes(PaymentExport, but=MEASURED)}
        OR OLD.sha256 <> '' AND (
            {changes(PaymentExport, but=ENCRYPTED)} OR NEW.key_id IS NOT DISTINCT FROM OLD.key_id
        )""",
        reason,
    )
    yield Rule(
        ExportedPayment,
        "INSERT",
        """NOT EXISTS (
            SELECT 1 FROM billing_paymentexport export
            JOIN billing_payment payment ON payment.batch_id = export.batch_id
            JOIN billing_payoutbatch batch ON batch.id = export.batch_id
            WHERE export.id = NEW.export_id AND payment.id = NEW.payment_id
            AND payment.status = 'payable' AND batch.status IN ('approved', 'paid')
            AND NOT EXISTS (
                SELECT 1 FROM billing_handpayment hand
                WHERE hand.payment_id = payment.id AND hand.withdrawn_at IS NULL
            )
            AND export.sha256 = '' AND NEW.number BETWEEN 1 AND export.payment_count
        )""",
        "a file takes payments of its own approved batch, without a result, while it is made.",
    )
