"""Records which payments stand in the files of before: a payment is in one file.

The first file of a batch holds all payments that pay something, but those that had a result before
it was sealed: such a file left them out, once files noted their sums. Payments that an earlier file
holds are in that one alone, whatever a second format was made of.
"""

from django.db import migrations

INTO_FILE = """
    INSERT INTO billing_exportedpayment (export_id, payment_id, number)
    SELECT %s, payment.id, ROW_NUMBER() OVER (ORDER BY payment.reference)
    FROM billing_payment payment
    WHERE payment.batch_id = %s AND payment.amount > 0
    AND NOT EXISTS (
        SELECT 1 FROM billing_exportedpayment earlier WHERE earlier.payment_id = payment.id
    )
    AND NOT EXISTS (
        SELECT 1 FROM billing_paymentresult result
        JOIN billing_seal seal ON seal.id = result.seal_id
        WHERE result.payment_id = payment.id AND seal.number < %s
    )
"""


def record_payments(apps, schema_editor):
    seals = apps.get_model("billing", "Seal").objects.filter(kind="export")
    exports = apps.get_model("billing", "PaymentExport").objects.order_by("batch", "at", "pk")
    with schema_editor.connection.cursor() as cursor:
        for export in exports.defer("content").filter(message_id=""):
            seal = seals.filter(batch=export.batch_id, content__contains=export.sha256).first()
            # Files that noted no sums hold every payment.
            before = seal.number if seal and export.total is not None else 0
            cursor.execute(INTO_FILE, [export.pk, export.batch_id, before])


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0028_bank_files'),
    ]

    operations = [
        migrations.RunPython(record_payments, migrations.RunPython.noop),
    ]
