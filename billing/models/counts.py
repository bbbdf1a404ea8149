"""Views: each single view, and the counts that batches pay."""

import os
import time
import uuid

from django.conf import settings
from django.db import models
from django.utils.text import capfirst

from billing.models.access_logs import AccessLogImport
from billing.models.findings import Finding
from billing.models.view_seals import SealedCount, ViewSeal
from billing.querysets import BlogViewQuerySet, DailyViewCountQuerySet
from weblog.models import Blog, Category


def make_view_id() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562). The application makes it, and it rises with time."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


class BlogView(models.Model):
    """One view, as it came in. Its facts never change, and fold_views alone settles and seals it.

    Author, category and day are copies from the time of the view, so a later move of the blog moves
    no money. The row holds no address and no user agent, only keys with a salt of the day.
    """

    class Outcome(models.TextChoices):
        PENDING = "pending", "not yet counted"
        COUNTED = "counted"
        DOUBLE_CLICK = "double_click", "double click"
        ROBOT = "robot"
        OWN_VIEW = "own_view", "author's own view"
        STAFF_VIEW = "staff_view", "staff view"
        EXCLUDED = "excluded", "excluded by finance"

    AUTHOR = "signed in as the author"
    STAFF = "signed in on staff"

    id = models.UUIDField(primary_key=True, default=make_view_id, editable=False)
    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="+", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    viewed_at = models.DateTimeField()
    day = models.DateField(help_text="The day of the view in the billing time zone.")
    reader_key = models.BinaryField(max_length=16)
    previous_day_key = models.BinaryField(
        max_length=16,
        null=True,
        help_text="In the first seconds of a day: the reader's key of the day before, so that a "
        "double click across midnight is seen.",
    )
    address_key = models.BinaryField(max_length=16)
    agent_key = models.BinaryField(max_length=16)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.PENDING)
    excluded_by = models.CharField(
        max_length=200,
        blank=True,
        help_text="The robot list and the pattern that matched, or who was signed in.",
    )
    log_import = models.ForeignKey(
        AccessLogImport,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="views",
        db_index=False,
    )
    finding = models.ForeignKey(
        Finding,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="excluded_views",
        db_index=False,
        help_text="The finding because of which finance excluded this view.",
    )
    seal = models.ForeignKey(
        ViewSeal,
        to_field="number",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        # PostgreSQL would look up each view's seal by itself, a seventh of the time of a fold.
        # Verification names a view whose seal does not exist.
        db_constraint=False,
        help_text="The seal of its portion.",
    )

    objects = BlogViewQuerySet.as_manager()

    class Meta:
        ordering = ["-viewed_at", "-id"]
        verbose_name = "view"
        verbose_name_plural = "views"
        indexes = [
            models.Index(
                fields=["blog", "reader_key", "viewed_at"], name="billing_blogview_clicks"
            ),
            models.Index(
                fields=["blog", "previous_day_key", "viewed_at"],
                condition=models.Q(previous_day_key__isnull=False),
                name="billing_blogview_midnight",
            ),
            models.Index(
                fields=["log_import"],
                condition=models.Q(log_import__isnull=False),
                name="billing_blogview_imported",
            ),
            models.Index(
                fields=["viewed_at"],
                condition=models.Q(outcome="pending"),
                name="billing_blogview_pending",
            ),
            models.Index(
                fields=["viewed_at"],
                condition=models.Q(seal__isnull=True),
                name="billing_blogview_unsealed",
            ),
            # For the list, newest first; with a category; with any outcome that is not paid.
            models.Index(fields=["day", "viewed_at", "id"], name="billing_blogview_newest"),
            models.Index(
                fields=["category", "day", "viewed_at", "id"], name="billing_blogview_category"
            ),
            models.Index(
                fields=["outcome", "day", "viewed_at", "id"],
                condition=models.Q(
                    outcome__in=["double_click", "robot", "own_view", "staff_view", "excluded"]
                ),
                name="billing_blogview_uncounted",
            ),
            models.Index(fields=["blog", "day"], name="billing_blogview_of_blog"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(
                        outcome__in=["pending", "counted", "double_click", "excluded"],
                        excluded_by="",
                    )
                    | models.Q(outcome="own_view", excluded_by="signed in as the author")
                    | models.Q(outcome="staff_view", excluded_by="signed in on staff")
                    | models.Q(outcome="robot")
                    & ~models.Q(
                        excluded_by__in=["", "signed in as the author", "signed in on staff"]
                    )
                ),
                name="billing_blogview_outcome_as_excluded_by",
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(outcome="excluded", finding__isnull=False)
                    | ~models.Q(outcome="excluded") & models.Q(finding__isnull=True)
                ),
                name="billing_blogview_excluded_by_finding",
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(seal__isnull=False)
                    | models.Q(outcome__in=["pending", "robot", "own_view", "staff_view"])
                ),
                name="billing_blogview_settled_is_sealed",
            ),
        ]

    def __str__(self):
        outcome = str(self.get_outcome_display()).removesuffix(" view")
        return capfirst(f"{outcome} view of {self.day:%-d %b %Y}")


class RetiredViewTotal(models.Model):
    """The number of a day's dropped views with one outcome."""

    day = models.DateField()
    outcome = models.CharField(max_length=12, choices=BlogView.Outcome.choices)
    views = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-day", "outcome"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "outcome"], name="billing_retiredviewtotal_unique"
            ),
        ]

    def __str__(self):
        return f"{self.views} {self.get_outcome_display()} on {self.day:%-d %b %Y}"


class LostViewTotal(models.Model):
    """The number of a day's views that were lost for one reason, and for good."""

    class Reason(models.TextChoices):
        NOT_KEPT = "not_kept", "neither the database nor the spool could be written"
        PROGRAM_ERROR = "program_error", "an error in the program, which the log tells"
        BROKEN_LINE = "broken_line", "a power cut broke the line in the spool"
        NOT_SIGNED = "not_signed", "the broker held a message that no machine of this house signed"
        REFUSED = "refused", "the database refuses the view that the spool or the broker kept"
        PAST_RETENTION = "past_retention", "the view came after views of that day were dropped"

    source = models.CharField(
        max_length=100,
        help_text="A machine's file of losses, a file of its spool, or a stream of the broker.",
    )
    day = models.DateField(
        help_text="The day of the views; the day of the file or message if that is unreadable."
    )
    reason = models.CharField(max_length=20, choices=Reason.choices)
    views = models.PositiveBigIntegerField()
    noted_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-day", "reason", "source"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "day", "reason"], name="billing_lostviewtotal_unique"
            ),
        ]

    def __str__(self):
        return f"{self.views:,} lost on {self.day:%-d %b %Y}"


class ReaderSalt(models.Model):
    """The random salt of one day's reader keys. Once it is destroyed, no key leads to a person."""

    day = models.DateField(unique=True)
    salt = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"salt of {self.day:%-d %b %Y}"


class DailyViewCount(SealedCount):
    """Counted views of a blog on a day, which batches pay. Only fold_views writes them."""

    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    views = models.PositiveBigIntegerField()

    objects = DailyViewCountQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "blog"]
        verbose_name = "daily views of a blog"
        verbose_name_plural = "daily views"
        indexes = [
            models.Index(fields=["day", "id"], name="billing_dailycount_newest"),
            models.Index(fields=["category", "day", "id"], name="billing_dailycount_category"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["blog", "author", "category", "day"], name="billing_dailyviewcount_unique"
            ),
        ]

    def __str__(self):
        return f"{self.views:,} views on {self.day:%-d %b %Y}"


class MonthlyViewCount(SealedCount):
    """Counted views of a blog in a month, for lists. Only fold_views writes them."""

    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(help_text="The first day of the month.")
    views = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-month", "-views", "pk"]
        verbose_name = "monthly views of a blog"
        verbose_name_plural = "monthly views"
        indexes = [models.Index(fields=["-month", "-views"], name="billing_monthly_browse")]
        constraints = [
            models.UniqueConstraint(
                fields=["blog", "author", "category", "month"],
                name="billing_monthlyviewcount_unique",
            ),
        ]

    def __str__(self):
        return f"{self.views:,} views in {self.month:%B %Y}"
