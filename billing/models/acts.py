"""Acts of people that changed what a batch pays, as they stood when it was submitted."""

from django.conf import settings
from django.db import models

from billing.models.batches import PayoutBatch
from billing.money import AmountField

ACT_TEXT_LENGTH = 500


class BatchAct(models.Model):
    """What somebody did that changed what a batch pays. Whoever did it does not approve the batch.

    Rows are added when the batch is submitted, and sealed with its approval.
    """

    class Kind(models.TextChoices):
        PRICE = "price"
        ADJUSTMENT = "adjustment"
        HOLD = "hold", "hold or pay-out"
        ACCOUNT = "account"
        RESULT = "result", "bank result"
        FINDING = "finding"
        LOG = "log", "access log"
        BLOG = "blog"
        ROBOTS = "robots", "robot exception"
        PAYEE = "payee", "payment details"
        DISPUTE = "dispute"

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="acts")
    digest = models.CharField(max_length=64, help_text="The digest of the submitted batch.")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.CharField(max_length=60, help_text="The row that says so, such as “price 12”.")
    text = models.CharField(max_length=ACT_TEXT_LENGTH, help_text="What was done.")
    effect = AmountField(help_text="How much of the batch it touched; with a minus, took away.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "act"
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "digest", "source", "by"], name="billing_batchact_once"
            ),
        ]

    def __str__(self):
        return f"{self.text} ({self.source})"
