"""Questions of authors about lines of their statements, and what finance answered."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.adjustments import Adjustment
from billing.models.batches import PayoutBatch
from billing.models.prices import CategoryPrice
from billing.money import AmountField
from billing.querysets import DisputeQuerySet
from weblog.models import Blog, Category


class Dispute(models.Model):
    """An author's question about a line, with copies of what the line said when it was asked.

    It is open until it has its answer. Rows are added, never changed: the line itself may be gone,
    as a draft is built anew.
    """

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="disputes"
    )
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="disputes")
    reference = models.CharField(max_length=35, help_text="The payment on which the line stood.")
    blog = models.ForeignKey(
        Blog, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    price = models.ForeignKey(
        CategoryPrice, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    adjustment = models.ForeignKey(
        Adjustment, on_delete=models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    month = models.DateField(help_text="The month of the line.")
    name = models.CharField(max_length=1000, help_text="The blog's title, or the reason.")
    days = models.TextField(blank=True, help_text="The views of each day, as on the line.")
    views = models.BigIntegerField(default=0)
    amount = AmountField()
    question = models.CharField(max_length=1000)
    asked_at = models.DateTimeField()

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(question=""), name="billing_dispute_asks"),
            models.CheckConstraint(
                condition=Q(
                    blog__isnull=False,
                    category__isnull=False,
                    price__isnull=False,
                    adjustment__isnull=True,
                )
                | Q(
                    blog__isnull=True,
                    category__isnull=True,
                    price__isnull=True,
                    adjustment__isnull=False,
                ),
                name="billing_dispute_about_one_line",
            ),
        ]
        permissions = [("answer_dispute", "Can answer authors’ questions about their statements")]

    def __str__(self):
        return f"“{self.name}” on {self.reference}"


class DisputeAnswer(models.Model):
    """The end of a dispute, for good: another question about the line is another dispute."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn", "taken back by the author"

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="answer")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    text = models.CharField(max_length=1000)
    adjustment = models.ForeignKey(
        Adjustment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="What was added or taken off because of it.",
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        verbose_name = "answer to a dispute"
        verbose_name_plural = "answers to disputes"
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="billing_disputeanswer_says_why"),
            models.CheckConstraint(
                condition=Q(outcome="accepted")
                | Q(outcome__in=["rejected", "withdrawn"], adjustment=None),
                name="billing_disputeanswer_adjusts_if_accepted",
            ),
        ]

    def __str__(self):
        return f"{self.get_outcome_display()}: {self.dispute}"
