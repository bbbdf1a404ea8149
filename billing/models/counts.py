"""Views: each single view, and the counts that batches pay."""

import os
import time
import uuid

from django.conf import settings
from django.db import models

from billing.models.findings import Finding
from billing.querysets import BlogViewQuerySet, DailyViewCountQuerySet
from weblog.models import Blog, Category

LONGEST_PATTERN = 500


def make_view_id() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562). The application makes it, and it rises with time."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


class AccessLogImport(models.Model):
    """One import of a web server's access log, with its lines by outcome."""

    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(
        "SHA-256", max_length=64, blank=True, help_text="Of the file's bytes, before unpacking."
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty where the command line started it.",
    )
    path_pattern = models.CharField(max_length=LONGEST_PATTERN)
    trusted_proxies = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=("The number of proxies before the server, as the importer entered it."),
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    lines = models.PositiveBigIntegerField(default=0)
    outcomes = models.JSONField(default=dict, help_text="The number of lines by outcome.")

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = "access log import"

    def __str__(self):
        return self.file_name


class LogLineKey(models.Model):
    """The key for the ids of views from access logs.

    It stands in the database, so that it stays with the views: another key would give imported
    lines new ids and count them again.
    """

    key = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="billing_loglinekey_one_alone"),
        ]

    def __str__(self):
        return f"key of {self.created_at:%Y-%m-%d}"


class BlogView(models.Model):
    """One view, as it came in. Rows are added, and settled once or again by fold_views alone.

    Only fold_views settles rows, once or again. Author, category and day are copies from the time
    of the view, so a later move of the blog moves no money. The row holds no address and no user
    agent, only keys with a salt of the day.
    """

    class Outcome(models.TextChoices):
        PENDING = "pending", "not yet counted"
        COUNTED = "counted"
        DOUBLE_CLICK = "double_click", "double click"
        ROBOT = "robot"
        OWN_VIEW = "own_view", "author's own view"
        STAFF_VIEW = "staff_view", "staff view"
        EXCLUDED = "excluded", "excluded by finance"

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
        max_length=200, blank=True, help_text="The robot list and the pattern that matched."
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
            models.Index(fields=["day", "outcome"], name="billing_blogview_day"),
        ]

    def __str__(self):
        return f"{self.get_outcome_display()} view of {self.day}"


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
        return f"{self.views} {self.get_outcome_display()} on {self.day}"


class LostViewTotal(models.Model):
    """The number of a day's views that were lost for one reason, and for good."""

    class Reason(models.TextChoices):
        NOT_KEPT = "not_kept", "neither the database nor the spool could be written"
        PROGRAM_ERROR = "program_error", "an error in the program, which the log tells"
        BROKEN_LINE = "broken_line", "a power cut broke the line in the spool"
        REFUSED = "refused", "the database refuses the line of the spool"
        PAST_RETENTION = (
            "past_retention",
            "the spool was found after views of that day were dropped",
        )

    source = models.CharField(
        max_length=100,
        help_text=("The source of the number: a machine's file of losses, or a file of its spool."),
    )
    day = models.DateField(
        help_text=("The day of the views; the day of the file if a line is unreadable.")
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
        return f"{self.views} lost on {self.day}"


class ReaderSalt(models.Model):
    """The random salt of one day's reader keys. Once it is destroyed, no key leads to a person."""

    day = models.DateField(unique=True)
    salt = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"salt of {self.day}"


class DailyViewCount(models.Model):
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
        indexes = [models.Index(fields=["day"], name="billing_dailyviewcount_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["blog", "author", "category", "day"], name="billing_dailyviewcount_unique"
            ),
        ]

    def __str__(self):
        return f"{self.views} views on {self.day}"


class MonthlyViewCount(models.Model):
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
        return f"{self.views} views in {self.month:%Y-%m}"
