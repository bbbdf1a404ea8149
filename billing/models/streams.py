"""The numbers that web processes give the views they send through a stream, and what came of them.

Rows of views are money's proof; these say whether any view is missing among them.
"""

from django.db import models
from django.db.models import Q


class WriterDay(models.Model):
    """The views of a day that one web process numbered from 1 and sent.

    Ranges are [[first, last], …], rising. What the writer said comes from its file on its machine,
    which fold_views reads there; what was received is written with the views, in one transaction.
    """

    writer = models.CharField(max_length=100, help_text="The web process: its machine and number.")
    day = models.DateField(help_text="The day of the views.")
    sent = models.PositiveBigIntegerField(
        default=0, help_text="The last number that the writer said it gave."
    )
    unsettled = models.JSONField(
        default=list,
        help_text="The numbers that the writer had in hand when it said so: no reader of theirs "
        "had the page yet.",
    )
    told_at = models.DateTimeField(null=True, help_text="The time at which the writer said so.")
    ended = models.BooleanField(default=False, help_text="The writer has ended, so that was all.")
    received = models.JSONField(default=list, help_text="The numbers of the views that came in.")
    received_views = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day", "writer"]
        verbose_name = "views of a writer"
        verbose_name_plural = "views by writer"
        indexes = [models.Index(fields=["day", "writer"], name="billing_writerday_day")]
        constraints = [
            models.UniqueConstraint(fields=["writer", "day"], name="billing_writerday_unique"),
            models.CheckConstraint(
                condition=Q(told_at__isnull=False) | Q(sent=0, ended=False),
                name="billing_writerday_told",
            ),
        ]

    def __str__(self):
        return f"{self.writer}, {self.day:%-d %b %Y}"


class StreamPosition(models.Model):
    """What was taken in from a stream, written with the views in one transaction."""

    stream = models.CharField(max_length=200, unique=True, help_text="Its name and its beginning.")
    taken_in = models.JSONField(default=list, help_text="The messages, as ranges of their numbers.")
    taken_in_at = models.DateTimeField(null=True)
    waiting = models.PositiveBigIntegerField(
        default=0, help_text="The messages that were not taken in when a consumer last asked."
    )
    heard_at = models.DateTimeField(null=True, help_text="The last time a consumer asked.")
    drained_at = models.DateTimeField(
        null=True, help_text="The last time a consumer found that nothing waited."
    )

    class Meta:
        default_permissions = ()
        ordering = ["stream"]

    def __str__(self):
        return self.stream
