"""What people add to the views: amounts for an author, holds, and payment in full."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.text import capfirst
from simple_history.models import HistoricalRecords

from backoffice.people import full_name
from billing.money import ENTRIES_BELOW, AmountField, CurrencyField, format_amount
from billing.querysets import AdjustmentQuerySet, HoldQuerySet


class Adjustment(models.Model):
    """An amount that the next batch adds to an author's payment, or takes off it."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="adjustments"
    )
    amount = AmountField(help_text="Added to the author's next payment; with a minus, taken off.")
    currency = CurrencyField()
    reason = models.CharField(
        max_length=1000,
        blank=True,
        help_text=(
            "The approver, the auditors and the author read it. Finance can't submit a batch "
            "without it."
        ),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AdjustmentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount=0),
                name="billing_adjustment_not_zero",
                violation_error_message="An adjustment adds something or takes something off.",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=-ENTRIES_BELOW, amount__lt=ENTRIES_BELOW),
                name="billing_adjustment_in_bounds",
                violation_error_message=f"An adjustment is less than {ENTRIES_BELOW:,}.",
            ),
            models.CheckConstraint(
                condition=~Q(currency=""), name="billing_adjustment_has_currency"
            ),
            models.CheckConstraint(
                condition=~Q(author=F("created_by")),
                name="billing_adjustment_not_ones_own",
                violation_error_message="Nobody adjusts a payment of their own.",
            ),
        ]

    def __str__(self):
        sign = "+" if self.amount > 0 else ""
        amount = format_amount(self.amount, currency=self.currency, exact=True)
        return f"{sign}{amount} for {full_name(self.author)}"


class Hold(models.Model):
    """A hold of an author's payments, or their payment in full, until somebody ends it."""

    class Kind(models.TextChoices):
        HOLD = "hold", "hold"
        PAY_OUT = "pay_out", "pay out in full"

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="holds"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.CharField(max_length=900)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=900, blank=True)

    objects = HoldQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "hold or pay-out"
        verbose_name_plural = "holds and pay-outs"
        constraints = [
            models.UniqueConstraint(
                fields=["author"],
                condition=Q(ended_at__isnull=True),
                name="billing_hold_one_open",
                violation_error_message="This author has a hold or pay-out already.",
            ),
            models.CheckConstraint(
                condition=~Q(author=F("created_by")),
                name="billing_hold_not_ones_own",
                violation_error_message="Nobody decides about payments of their own.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="billing_hold_has_reason"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="billing_hold_ended_by_somebody",
            ),
        ]

    def __str__(self):
        return capfirst(f"{self.get_kind_display()}: {full_name(self.author)}")

    @property
    def name(self) -> str:
        """What it is, to begin a sentence with."""
        return "This hold" if self.kind == self.Kind.HOLD else "Paying out in full"
