"""The chain of seals that holds all views, and what took views in or out of the counts."""

from django.db import models

from billing.models.chains import ChainLink


class ViewSeal(ChainLink):
    """A link of the chain over views: a portion of a day's views, or what became of them.

    A portion's digest is over the facts of its views, which never change. What they came to is
    worked out from sealed views alone. Counts name the seal that they were last written with.
    """

    class Kind(models.TextChoices):
        VIEWS = "views"
        UPGRADE = "upgrade"  # of views from before there were seals of them
        DECISION = "decision"  # of finance, about a finding
        RECOUNT = "recount"  # of views that count again
        SUBMISSION = "submission"  # of a batch, which had to take in what was sealed before
        RETIREMENT = "retirement"  # of views past their retention, with the totals that stay
        ARCHIVE = "archive"  # of a day's files outside the database: their manifest
        SUMS = "sums"  # of counts by month and by category that were added up anew

    kind = models.CharField(max_length=10, choices=Kind.choices)
    day = models.DateField(help_text="The day of the views.")

    class Meta(ChainLink.Meta):
        verbose_name = "seal of views"
        verbose_name_plural = "seals of views"
        indexes = [models.Index(fields=["day"], name="billing_viewseal_day")]

    def __str__(self):
        return f"seal {self.number} of {self.day:%-d %b %Y}"


class SealedCount(models.Model):
    """A row of counts, which names the seal that it was last written with."""

    seal = models.ForeignKey(
        ViewSeal,
        to_field="number",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The seal of views with which the row was last written.",
    )

    class Meta:
        abstract = True
