"""Counted views by day and category: sums of the daily views, for pages that show all blogs."""

from django.db import models

from billing.models.view_seals import SealedCount
from billing.querysets import DailyViewCountQuerySet
from weblog.models import Category


class DailyCategoryCount(SealedCount):
    """Counted views of all blogs of a category on a day. Only fold_views writes them.

    A house has ten million daily views of blogs, and a few thousand of these. No batch pays by
    them. Verification adds the days up again.
    """

    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    day = models.DateField()
    views = models.PositiveBigIntegerField()

    objects = DailyViewCountQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-day", "category"]
        verbose_name = "daily views of a category"
        verbose_name_plural = "daily views of categories"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "category"], name="billing_dailycategorycount_unique"
            ),
        ]

    def __str__(self):
        return f"{self.views:,} views on {self.day:%-d %b %Y}"
