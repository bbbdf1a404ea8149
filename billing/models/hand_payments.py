"""Payments that somebody made by hand: proposed by one person, confirmed by another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from billing.models.payments import Payment

PERSON = settings.AUTH_USER_MODEL


class HandPayment(models.Model):
    """A payment made in cash, by card or in another way that no file to the bank knows.

    While it stands, proposed or confirmed, the payment is in no file. Confirming it is what records
    the payment as paid; taken back before that, the next file pays it.
    """

    class Means(models.TextChoices):
        CASH = "cash"
        CARD = "card"
        CHEQUE = "cheque"
        ONLINE = "online", "typed in at the bank"
        SET_OFF = "set_off", "set off against what they owe"
        OTHER = "other", "another way"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="by_hand")
    means = models.CharField(max_length=10, choices=Means.choices)
    paid_on = models.DateField(help_text="The day on which the money changed hands.")
    reason = models.CharField(max_length=500, help_text="Why no file to the bank pays it.")
    proposed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal = models.CharField(max_length=500, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        verbose_name = "payment by hand"
        verbose_name_plural = "payments by hand"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(withdrawn_at__isnull=True),
                name="billing_handpayment_one_stands",
                violation_error_message="This payment is marked as made by hand already.",
            ),
            models.CheckConstraint(
                condition=Q(means__in=["cash", "card", "cheque", "online", "set_off", "other"]),
                name="billing_handpayment_means_known",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="billing_handpayment_has_reason"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
                name="billing_handpayment_two_people",
                violation_error_message="Whoever proposed it can't confirm it.",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="billing_handpayment_confirmed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawal="")
                | (
                    Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & Q(confirmed_at__isnull=True)
                    & ~Q(withdrawal="")
                ),
                name="billing_handpayment_withdrawn_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.payment} {self.get_means_display().lower()}"

    @property
    def state(self) -> str:
        if self.withdrawn_at:
            return "taken back"
        return "confirmed" if self.confirmed_at else "to be confirmed"
