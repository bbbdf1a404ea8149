"""A new text for a published blog: it waits for review while the old text stays live."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from weblog.fields import CleanHTMLField
from weblog.models.blogs import Blog
from weblog.names import full_name
from weblog.querysets import BlogRevisionQuerySet


class BlogRevision(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published"
        WITHDRAWN = "withdrawn"

    TRANSITIONS = {
        Status.DRAFT: {Status.IN_REVIEW, Status.WITHDRAWN},
        Status.IN_REVIEW: {Status.DRAFT, Status.PUBLISHED, Status.WITHDRAWN},
        Status.PUBLISHED: set(),
        Status.WITHDRAWN: set(),
    }

    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="revisions")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, max_length=500)
    body = CleanHTMLField(blank=True)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_comment = models.TextField(
        blank=True, max_length=2000, editable=False, help_text="What the editor asked for."
    )

    objects = BlogRevisionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        verbose_name = "new text"
        constraints = [
            models.UniqueConstraint(
                fields=["blog"],
                condition=Q(status__in=["draft", "in_review"]),
                name="weblog_blogrevision_one_open",
                violation_error_message="This blog has a new text that waits already.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review", "published", "withdrawn"]),
                name="weblog_blogrevision_status_known",
            ),
        ]

    def __str__(self):
        return f"New text of {self.blog}"

    @property
    def created_by_name(self):
        return full_name(self.created_by)

    @property
    def is_open(self):
        return self.status in (self.Status.DRAFT, self.Status.IN_REVIEW)
