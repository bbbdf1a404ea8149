"""Prices of 1,000 views in a category, each from a first day."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords

from billing.money import ENTRIES_BELOW, AmountField, CurrencyField, in_whole_numbers
from billing.querysets import CategoryPriceQuerySet
from weblog.models import Category

CategoryPriceManagerBase = models.Manager.from_queryset(CategoryPriceQuerySet)


class CategoryPriceManager(CategoryPriceManagerBase):
    def get_by_natural_key(self, slug, effective_from):
        return self.get(category__slug=slug, effective_from=effective_from)


class CategoryPrice(models.Model):
    """A price that holds from a day until the next one of its category starts.

    The row stores only the first day, so periods can neither overlap nor leave a gap.
    """

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    effective_from = models.DateField(
        "in force from", help_text="The first day on which views earn this price."
    )
    price_per_1000 = AmountField(
        "price per 1,000 views",
        max_digits=12,
        decimal_places=3,
        validators=[MinValueValidator(Decimal(0))],
        help_text="At most three decimals.",
    )
    currency = CurrencyField()
    note = models.TextField(blank=True, max_length=500, help_text="Why: shown to the auditors.")

    objects = CategoryPriceManager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["category__name", "-effective_from"]
        verbose_name = "price"
        constraints = [
            models.UniqueConstraint(
                fields=["category", "effective_from"],
                name="billing_categoryprice_one_a_day",
                violation_error_message="This category has a price from that day on already.",
            ),
            models.CheckConstraint(
                condition=models.Q(price_per_1000__gte=Decimal(0)),
                name="billing_categoryprice_not_negative",
                violation_error_message="A price is zero or more.",
            ),
            models.CheckConstraint(
                condition=models.Q(price_per_1000__lt=ENTRIES_BELOW),
                name="billing_categoryprice_in_bounds",
                violation_error_message=f"A price is less than {ENTRIES_BELOW:,}.",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    models.lookups.Exact(in_whole_numbers(models.F("price_per_1000") % 1000), 0)
                ),
                name="billing_categoryprice_three_decimals",
                violation_error_message="A price has at most three decimals.",
            ),
            models.CheckConstraint(
                condition=~models.Q(currency=""), name="billing_categoryprice_has_currency"
            ),
        ]
        permissions = [("export_categoryprice", "Can export prices")]

    def __str__(self):
        return f"{self.category} from {self.effective_from:%-d %b %Y}"

    def natural_key(self):
        return (self.category.slug, self.effective_from)

    natural_key.dependencies = ["weblog.category"]  # type: ignore[attr-defined]  # Django's way
