"""What people say about a batch, with files. Nothing is edited: a comment is answered."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.batches import PayoutBatch

COMMENT_LENGTH = 4_000
FILE_NAME_LENGTH = 120


class BatchComment(models.Model):
    """A comment on a batch, or the answer to one."""

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="comments")
    answers = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="answered_by"
    )
    text = models.TextField(max_length=COMMENT_LENGTH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "comment on a batch"
        verbose_name_plural = "comments on batches"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="billing_batchcomment_written"),
            models.CheckConstraint(
                condition=Q(answers__isnull=True) | ~Q(answers=F("id")),
                name="billing_batchcomment_answers_another",
            ),
        ]

    def __str__(self):
        return f"{self.batch}: {self.text[:60]}"


class BatchAttachment(models.Model):
    """A file beside a comment: in the database, so in every backup, and never served as a page."""

    comment = models.ForeignKey(BatchComment, on_delete=models.PROTECT, related_name="attachments")
    file_name = models.CharField(max_length=FILE_NAME_LENGTH)
    content_type = models.CharField(max_length=100, help_text="By its content, not by its name.")
    size = models.PositiveIntegerField(help_text="In bytes.")
    sha256 = models.CharField(max_length=64)
    scanned = models.BooleanField(
        default=False, help_text="Whether a virus scanner looked at it first, and found nothing."
    )
    content = models.BinaryField()

    class Meta:
        ordering = ["pk"]
        verbose_name = "file beside a comment"
        verbose_name_plural = "files beside comments"
        default_permissions = ()

    def __str__(self):
        return self.file_name
