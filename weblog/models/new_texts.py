"""A new text for a published blog: it waits for review while the old text stays live."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from backoffice.people import full_name
from weblog.fields import CleanHTMLField
from weblog.models.blogs import Blog
from weblog.querysets import NewTextQuerySet


class NewText(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        IN_REVIEW = "in_review", "In review"
        SCHEDULED = "scheduled"
        PUBLISHED = "published"
        WITHDRAWN = "withdrawn"

    TRANSITIONS = {
        Status.DRAFT: {Status.IN_REVIEW, Status.WITHDRAWN},
        Status.IN_REVIEW: {Status.DRAFT, Status.SCHEDULED, Status.PUBLISHED, Status.WITHDRAWN},
        Status.SCHEDULED: {Status.DRAFT, Status.IN_REVIEW, Status.PUBLISHED, Status.WITHDRAWN},
        Status.PUBLISHED: set(),
        Status.WITHDRAWN: set(),
    }
    OPEN = [Status.DRAFT, Status.IN_REVIEW, Status.SCHEDULED]

    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="new_texts")
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
    publish_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )

    objects = NewTextQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        verbose_name = "new text"
        constraints = [
            models.UniqueConstraint(
                fields=["blog"],
                condition=Q(status__in=["draft", "in_review", "scheduled"]),
                name="weblog_newtext_one_open",
                violation_error_message="This blog has a new text that waits already.",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["draft", "in_review", "scheduled", "published", "withdrawn"]
                ),
                name="weblog_newtext_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="scheduled")
                | Q(publish_at__isnull=False, approved_by__isnull=False),
                name="weblog_newtext_schedule_complete",
                violation_error_message="A scheduled text has a time, and somebody approved it.",
            ),
        ]

    def __str__(self):
        return f"New text of {self.blog}"

    @property
    def created_by_name(self):
        return full_name(self.created_by)

    @property
    def is_open(self):
        return self.status in self.OPEN

    @property
    def is_scheduled(self):
        return self.status == self.Status.SCHEDULED

    def is_entrusted_to(self, user):
        return self.blog.is_entrusted_to(user)
