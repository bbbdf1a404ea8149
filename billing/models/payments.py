"""A batch's payment to an author, and the lines that add up to it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.adjustments import Adjustment
from billing.models.batches import PayoutBatch
from billing.models.prices import CategoryPrice
from billing.money import LARGEST_AMOUNT, AmountField, in_whole_numbers
from billing.querysets import PaymentLineQuerySet, PaymentQuerySet
from weblog.models import Blog, Category


class Payment(models.Model):
    """A batch's payment to one author: the exact sum of its lines, rounded once or kept back.

    Held and carried sums are not lost: a line of the next batch pays them.
    """

    class Status(models.TextChoices):
        PAYABLE = "payable", "to be paid"
        HELD = "held", "on hold"
        CARRIED = "carried", "carried forward"
        PAID = "paid"
        FAILED = "failed"

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="payments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments"
    )
    author_name = models.CharField(max_length=300, help_text="The name at that time.")
    username = models.CharField(
        max_length=150,
        blank=True,
        help_text="The user name at that time. Empty if that was before it was stored.",
    )
    reference = models.CharField(max_length=35, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PAYABLE)
    status_reason = models.CharField(
        max_length=1000, blank=True, help_text="Why it is on hold, carried or paid in full."
    )
    amount = AmountField(help_text="The paid amount, in whole units of the smallest coin.")
    rounding = AmountField(help_text="The amount that rounding added to the sum of the lines.")
    carried_amount = AmountField(
        default=0, help_text="The sum of the lines, if it waits for the next batch."
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the payment and its lines."
    )
    payee_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of the payee as of the submission. Empty if none was known.",
    )

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "author_name", "pk"]
        indexes = [  # people look for payments by what stands on an account
            models.Index(fields=["amount"], name="billing_payment_amount"),
            models.Index(fields=["carried_amount"], name="billing_payment_carried"),
            # For the list: by batch and author, with a status, and by author alone.
            models.Index(fields=["-batch", "author_name", "id"], name="billing_payment_listed"),
            models.Index(
                fields=["status", "-batch", "author_name", "id"], name="billing_payment_by_status"
            ),
            models.Index(fields=["author_name", "id"], name="billing_payment_by_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "author"], name="billing_payment_one_per_author"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["payable", "paid", "failed"], amount__gt=0, carried_amount=0
                )
                | Q(status__in=["held", "carried"], amount=0, rounding=0),
                name="billing_payment_paid_or_kept_back",
            ),
            models.CheckConstraint(
                condition=Q(amount__range=(-LARGEST_AMOUNT, LARGEST_AMOUNT))
                & Q(rounding__range=(-1, 1))
                & Q(carried_amount__range=(-LARGEST_AMOUNT, LARGEST_AMOUNT)),
                name="billing_payment_in_bounds",
            ),
        ]
        permissions = [
            ("export_payment", "Can export payments of a list"),
            ("hold_payment", "Can hold, release and pay out in full"),
            ("view_own_statement", "Can see their own statements"),
        ]

    def __str__(self):
        return self.reference

    @property
    def exact_amount(self):
        """The sum of the lines before rounding."""
        return self.amount - self.rounding + self.carried_amount


class PaymentLine(models.Model):
    """An exact part of a payment, with copies of its source: title, category, price and views.

    It holds views of one blog in one category at one price in one month, an adjustment, or the
    unpaid sum of an earlier payment. Views taken away after payment have a negative number.
    """

    class Kind(models.TextChoices):
        VIEWS = "views"
        ADJUSTMENT = "adjustment"
        CARRIED_IN = "carried_in", "carried forward"

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    number = models.PositiveIntegerField(help_text="1 and up, within the payment.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.VIEWS)
    blog = models.ForeignKey(
        Blog, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    price = models.ForeignKey(
        CategoryPrice, on_delete=models.PROTECT, null=True, blank=True, related_name="lines"
    )
    adjustment = models.ForeignKey(
        Adjustment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="lines",
        db_index=False,
    )
    carried_from = models.ForeignKey(
        Payment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="carried_to",
        db_index=False,
    )
    month = models.DateField(help_text="The month of the views; an earlier one if they came late.")
    days = models.TextField(
        blank=True, help_text="The views of each day of the month: “1:12 2:40” is 12 on the 1st."
    )
    views = models.BigIntegerField(default=0)
    price_per_1000 = AmountField(null=True, blank=True)
    amount = AmountField()
    blog_title = models.CharField(max_length=200, blank=True, help_text="The title at that time.")
    category_name = models.CharField(
        max_length=100, blank=True, help_text="The category's name at that time."
    )
    note = models.CharField(
        max_length=1000,
        blank=True,
        help_text=("The reason of an adjustment, or the source of a carry."),
    )
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the line.")

    objects = PaymentLineQuerySet.as_manager()

    class Meta:
        ordering = ["payment", "number"]
        indexes = [
            models.Index(
                fields=["adjustment"],
                condition=Q(adjustment__isnull=False),
                name="billing_paymentline_adjusted",
            ),
            models.Index(
                fields=["carried_from"],
                condition=Q(carried_from__isnull=False),
                name="billing_paymentline_carried",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "number"], name="billing_paymentline_numbered"
            ),
            models.CheckConstraint(
                condition=~Q(kind="views")
                | Q(
                    models.lookups.Exact(
                        in_whole_numbers(F("amount") * 1000),
                        in_whole_numbers(F("views") * F("price_per_1000")),
                    )
                ),
                name="billing_paymentline_exact",
            ),
            models.CheckConstraint(
                condition=Q(amount__range=(-LARGEST_AMOUNT, LARGEST_AMOUNT)),
                name="billing_paymentline_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="views",
                    blog__isnull=False,
                    category__isnull=False,
                    price__isnull=False,
                    price_per_1000__isnull=False,
                    adjustment__isnull=True,
                    carried_from__isnull=True,
                )
                | (
                    Q(views=0, blog__isnull=True, category__isnull=True, price__isnull=True)
                    & (
                        Q(kind="adjustment", adjustment__isnull=False, carried_from__isnull=True)
                        | Q(kind="carried_in", adjustment__isnull=True, carried_from__isnull=False)
                    )
                ),
                name="billing_paymentline_of_its_kind",
            ),
        ]

    def __str__(self):
        return f"{self.payment}, line {self.number}"
