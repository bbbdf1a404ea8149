"""A month's payout: the batch, one payment per author, and the lines that add up to it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from billing.models.prices import CategoryPrice
from billing.money import AmountField
from billing.querysets import PaymentQuerySet, PayoutBatchQuerySet
from weblog.models import Blog, Category


def _whole(expression):
    """An expression over millionths, to be compared as the integer that it is."""
    return models.ExpressionWrapper(expression, output_field=models.BigIntegerField())


class PayoutBatch(models.Model):
    """What one closed month pays out. Changed by billing.payouts alone."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        APPROVED = "approved"
        PAID = "paid"
        CANCELLED = "cancelled"

    TRANSITIONS = {
        Status.DRAFT: {Status.SUBMITTED, Status.CANCELLED},
        Status.SUBMITTED: {Status.APPROVED, Status.DRAFT},
        Status.APPROVED: {Status.PAID},
        Status.PAID: set(),
        Status.CANCELLED: set(),
    }

    month = models.DateField(help_text="The first day of the month that is paid.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=64)
    rules_version = models.CharField(
        max_length=200, help_text="The counting rules and robot lists in use when it was built."
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of all that was submitted."
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
    return_reason = models.TextField(
        blank=True, max_length=1000, help_text="What the approver asked for, if it was returned."
    )

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
                condition=Q(status__in=["draft", "submitted", "approved", "paid", "cancelled"]),
                name="billing_payoutbatch_status_known",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("submitted_by")),
                name="billing_payoutbatch_four_eyes",
                violation_error_message="Whoever submitted a batch can't approve it.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["submitted", "approved", "paid"])
                | (~Q(digest="") & Q(submitted_by__isnull=False, submitted_at__isnull=False)),
                name="billing_payoutbatch_submitted_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "paid"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="billing_payoutbatch_approved_is_signed",
            ),
        ]
        permissions = [
            ("build_payoutbatch", "Can build and rebuild payout batches"),
            ("submit_payoutbatch", "Can submit payout batches"),
            ("approve_payoutbatch", "Can approve and return payout batches"),
            ("export_payoutbatch", "Can export payments"),
        ]

    def __str__(self):
        return f"{self.month:%B %Y}"


class Payment(models.Model):
    """What a batch pays to one author: the exact sum of its lines, rounded once."""

    class Status(models.TextChoices):
        PAYABLE = "payable"

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="payments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments"
    )
    author_name = models.CharField(max_length=300, help_text="The name as of then.")
    reference = models.CharField(max_length=35, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PAYABLE)
    amount = AmountField(help_text="What is paid, in whole units of the smallest coin.")
    rounding = AmountField(help_text="What rounding added to the sum of the lines.")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "author_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "author"], name="billing_payment_one_per_author"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_payment_positive"),
        ]
        permissions = [("export_payment", "Can export payments of a list")]

    def __str__(self):
        return self.reference

    @property
    def exact_amount(self):
        """The sum of the lines before rounding."""
        return self.amount - self.rounding


class PaymentLine(models.Model):
    """The views of one blog in one category at one price: exact, never rounded.

    Views that a batch took away again, because a later click replaced them, stand negative.
    """

    class Kind(models.TextChoices):
        VIEWS = "views"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.VIEWS)
    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey(CategoryPrice, on_delete=models.PROTECT, related_name="lines")
    month = models.DateField(help_text="The month of the views; an earlier one if they came late.")
    views = models.BigIntegerField()
    price_per_1000 = AmountField()
    amount = AmountField()
    blog_title = models.CharField(max_length=200, help_text="The title as of then.")
    category_name = models.CharField(max_length=100, help_text="The category's name as of then.")

    class Meta:
        ordering = ["payment", "month", "blog_title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "blog", "category", "price", "month"],
                name="billing_paymentline_unique",
            ),
            models.CheckConstraint(
                condition=models.lookups.Exact(
                    _whole(F("amount") * 1000), _whole(F("views") * F("price_per_1000"))
                ),
                name="billing_paymentline_exact",
            ),
        ]

    def __str__(self):
        return f"{self.blog_title}, {self.views} views"


class PaymentExport(models.Model):
    """A file of payments as it was handed out. Downloading it again gives the same bytes."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="exports")
    format = models.CharField(max_length=10, choices=Format.choices)
    file_name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty where the command line made it.",
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "payment export"
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "format"], name="billing_paymentexport_one_a_format"
            ),
        ]

    def __str__(self):
        return self.file_name
