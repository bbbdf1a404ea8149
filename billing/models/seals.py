"""Signed records: acknowledgements, the chain of seals, and bank results."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.batches import PayoutBatch
from billing.models.chains import ChainLink
from billing.models.hand_payments import HandPayment
from billing.models.payments import Payment

REASON_LENGTH = 500  # of a bank's result
BANK_REFERENCE_LENGTH = 140


class Acknowledgement(models.Model):
    """An approver's written answer to a flag of the batch."""

    batch = models.ForeignKey(
        PayoutBatch, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    digest = models.CharField(max_length=64, help_text="The digest of the submitted batch.")
    flag = models.CharField(max_length=50, help_text="The check that raised the flag.")
    message = models.CharField(max_length=500, help_text="What the check said.")
    text = models.TextField(max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "digest", "flag", "by"], name="billing_acknowledgement_once"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="billing_acknowledgement_written"),
        ]

    def __str__(self):
        return f"{self.flag}: {self.text}"


class Seal(ChainLink):
    """A link of the chain that holds everything signed."""

    class Kind(models.TextChoices):
        APPROVAL = "approval"
        RESULTS = "settlement", "Bank results"  # seals of before hold the older word
        EXPORT = "export"
        EVIDENCE = "evidence", "Evidence pack"
        UPGRADE = "upgrade"  # of batches approved before seals existed

    kind = models.CharField(max_length=10, choices=Kind.choices)
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="seals")

    class Meta(ChainLink.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["batch"],
                condition=Q(kind="approval"),
                name="billing_seal_one_approval_a_batch",
            ),
        ]


class PaymentResult(models.Model):
    """What the bank did with a payment. Rows are added; the latest one holds."""

    class Outcome(models.TextChoices):
        PAID = "paid"
        FAILED = "failed"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="results")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="results")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.CharField(max_length=REASON_LENGTH, blank=True, help_text="Why it failed.")
    value_date = models.DateField(
        null=True, blank=True, help_text="The day on which the bank moved the money, if it says so."
    )
    bank_reference = models.CharField(
        max_length=BANK_REFERENCE_LENGTH, blank=True, help_text="The bank's own reference."
    )
    by_hand = models.ForeignKey(
        HandPayment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="results",
        help_text="Filled where somebody made the payment by hand, and the bank did nothing.",
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["payment", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="failed") | ~Q(reason=""),
                name="billing_paymentresult_failure_has_reason",
            ),
            models.UniqueConstraint(
                fields=["payment", "seal"], name="billing_paymentresult_one_a_seal"
            ),
        ]

    def __str__(self):
        return f"{self.payment} {self.outcome}"
