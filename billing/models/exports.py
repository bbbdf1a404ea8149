"""Files that were handed out to banks, the payments in each, and who took accounts away."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from billing.models.batches import PayoutBatch
from billing.models.payments import Payment
from billing.money import AmountField

FORMAT_LENGTH = 10
MESSAGE_LENGTH = 35  # MsgId of ISO 20022


class PaymentExport(models.Model):
    """A file of payments for a bank. A later download gives the same bytes.

    They are made again from the payments in it, and compared with the SHA-256. Files from before
    that have no message id, and stand in `content`; so do those that no two machines pack alike.
    """

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="exports")
    format = models.CharField(max_length=FORMAT_LENGTH)  # the key of one of billing.bank.formats
    number = models.PositiveIntegerField(
        default=1, help_text="1 and up, within the batch and the format."
    )
    message_id = models.CharField(
        max_length=MESSAGE_LENGTH,
        blank=True,
        default="",
        help_text="By which the bank names the file. Older files have none.",
    )
    file_name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="In bytes.")
    payments_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="SHA-256 of the references and amounts in it.",
    )
    content = models.BinaryField()
    key_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    paid_from = models.TextField(
        blank=True,
        default="",
        help_text="The account that pays and what else of the settings is in it, encrypted.",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty where the command line made it.",
    )
    at = models.DateTimeField()
    payment_count = models.PositiveIntegerField(
        null=True, blank=True, help_text="The payments in it. Older files did not note them."
    )
    total = AmountField(null=True, blank=True, help_text="The sum of the payments in it.")
    left_out_count = models.PositiveIntegerField(
        null=True, blank=True, help_text="The payments of the batch that are not in it."
    )
    left_out_total = AmountField(null=True, blank=True, help_text="The sum of those left out.")

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "payment export"
        permissions = [("take_bank_file", "Can take files with account numbers to the bank")]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "format", "number"], name="billing_paymentexport_numbered"
            ),
            models.UniqueConstraint(
                fields=["message_id"],
                condition=~Q(message_id=""),
                name="billing_paymentexport_message",
            ),
        ]

    def __str__(self):
        return self.file_name

    @property
    def has_accounts(self):
        """Whether bank accounts stand in it."""
        return bool(self.paid_from)


class ExportedPayment(models.Model):
    """That a payment is in a file. It is in one: that it failed brings a new payment about."""

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="exported")
    export = models.ForeignKey(
        PaymentExport, on_delete=models.PROTECT, related_name="rows", db_index=False
    )
    number = models.PositiveIntegerField(help_text="1 and up, in the order of the file.")

    class Meta:
        default_permissions = ()
        ordering = ["export", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["export", "number"], name="billing_exportedpayment_numbered"
            ),
        ]

    def __str__(self):
        return f"{self.payment} in {self.export}"


class ExportDownload(models.Model):
    """That somebody took a file with account numbers in clear."""

    export = models.ForeignKey(PaymentExport, on_delete=models.PROTECT, related_name="downloads")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        verbose_name = "bank file taken"
        verbose_name_plural = "bank files taken"

    def __str__(self):
        return f"{self.export}, taken"
