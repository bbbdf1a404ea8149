"""The batch of a month's payout, and the steps it can take."""

from decimal import Decimal

from babel.numbers import get_currency_precision
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from billing.money import ENTRIES_BELOW, AmountField
from billing.querysets import PayoutBatchQuerySet


class PayoutBatch(models.Model):
    """The payout of one closed month. Only billing.payouts.steps changes it."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        APPROVED = "approved"
        PAID = "paid", "Settled"  # the word of before, which signed histories hold
        CANCELLED = "cancelled"

    class State(models.TextChoices):
        """What all pages call it. The status is what was signed, the state what became of it."""

        DRAFT = "draft"
        SUBMITTED = "submitted"
        APPROVED = "approved"
        SENT = "sent"
        FAILED = "failed", "Failed in part"
        SETTLED = "settled"
        CANCELLED = "cancelled"

    TRANSITIONS = {
        Status.DRAFT: {Status.SUBMITTED, Status.CANCELLED},
        Status.SUBMITTED: {Status.APPROVED, Status.DRAFT},
        Status.APPROVED: {Status.PAID},
        Status.PAID: set(),
        Status.CANCELLED: set(),
    }

    # How the history begins to tell of a step that somebody gives a reason for.
    RETURNED = "Returned: "
    RECALLED = "Recalled: "
    ANSWERED = "Submitted. Answer: "

    month = models.DateField(help_text="The first day of the month that is paid.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    currency = models.CharField(max_length=3)
    decimals = models.PositiveSmallIntegerField(
        null=True,
        help_text="Those of the currency when it was built. Empty if that was before they were "
        "stored.",
    )
    time_zone = models.CharField(max_length=64)
    rules_version = models.CharField(
        max_length=200, help_text="The counting rules and robot lists in use when it was built."
    )
    attempt = models.PositiveSmallIntegerField(
        default=1, help_text="1 plus the number of cancelled batches of the month."
    )
    minimum_payout = AmountField(
        default=0, help_text="A smaller sum is carried to the next batch instead of paid out."
    )
    second_approval_above = AmountField(
        null=True, help_text="What it may pay with one approver. Empty without such a limit."
    )
    approvals_needed = models.PositiveSmallIntegerField(
        default=1, help_text="The number of approvers who have to sign; two above a set amount."
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the submitted batch."
    )
    built_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    second_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_approved_at = models.DateTimeField(null=True, blank=True)
    return_reason = models.TextField(
        blank=True, max_length=1000, help_text="The approver's request, if they returned the batch."
    )

    left_out_categories = models.JSONField(
        default=list,
        blank=True,
        help_text="The categories whose views without a price this batch leaves out.",
    )
    left_out_reason = models.TextField(
        blank=True, max_length=1000, help_text="Why these views wait and the others are paid."
    )
    left_out_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    total: Decimal  # this and payment_count come only from with_totals()
    payment_count: int
    state_key: str  # this, is_sent and has_failed come only from with_state()
    is_sent: bool
    has_failed: bool

    objects = PayoutBatchQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-month", "-pk"]
        verbose_name = "payout batch"
        verbose_name_plural = "payout batches"
        constraints = [
            models.UniqueConstraint(
                fields=["month"],
                condition=~Q(status="cancelled"),
                name="billing_payoutbatch_one_a_month",
            ),
            models.CheckConstraint(
                condition=Q(minimum_payout__gte=0, minimum_payout__lt=ENTRIES_BELOW),
                name="billing_payoutbatch_minimum_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "submitted", "approved", "paid", "cancelled"]),
                name="billing_payoutbatch_status_known",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("submitted_by")),
                name="billing_payoutbatch_four_eyes",
                violation_error_message="Whoever submitted a batch can't approve it.",
            ),
            models.CheckConstraint(
                condition=Q(second_approved_by__isnull=True)
                | (
                    ~Q(second_approved_by=F("submitted_by"))
                    & ~Q(second_approved_by=F("approved_by"))
                    & Q(approved_by__isnull=False)
                ),
                name="billing_payoutbatch_six_eyes",
                violation_error_message="The second approver is a third person.",
            ),
            models.CheckConstraint(
                condition=Q(left_out_reason="", left_out_by__isnull=True)
                | (~Q(left_out_reason="") & Q(left_out_by__isnull=False)),
                name="billing_payoutbatch_left_out_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed__in=[1, 2]),
                name="billing_payoutbatch_one_or_two_approvers",
            ),
            models.UniqueConstraint(
                fields=["month", "attempt"], name="billing_payoutbatch_attempt_unique"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["submitted", "approved", "paid"])
                | (~Q(digest="") & Q(submitted_by__isnull=False, submitted_at__isnull=False)),
                name="billing_payoutbatch_submitted_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "paid"])
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & (
                        Q(approvals_needed=1)
                        | Q(second_approved_by__isnull=False, second_approved_at__isnull=False)
                    )
                ),
                name="billing_payoutbatch_approved_is_signed",
            ),
        ]
        permissions = [
            ("build_payoutbatch", "Can build and rebuild payout batches"),
            ("submit_payoutbatch", "Can submit payout batches"),
            ("approve_payoutbatch", "Can approve and return payout batches"),
            ("export_payoutbatch", "Can export payments"),
            ("comment_payoutbatch", "Can comment on payout batches"),
            ("settle_payoutbatch", "Can record what the bank did with payments"),
            ("verify_payoutbatch", "Can verify payouts and take evidence packs"),
        ]

    def __str__(self):
        return f"{self.month:%B %Y}"

    @property
    def state(self) -> str:
        """What all pages call its state: never settled while a payment failed and waits.

        For a batch from with_state().
        """
        return str(self.State(self.state_key).label)

    @property
    def coin_decimals(self) -> int:
        """The decimals that payments were rounded to. Before they were stored, CLDR's."""
        if self.decimals is None:
            return get_currency_precision(self.currency)
        return self.decimals
