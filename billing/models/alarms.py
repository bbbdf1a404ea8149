"""What was told to finance because it waits too long."""

from django.conf import settings
from django.db import models


class OutstandingAlarm(models.Model):
    """Money, or views without a price, of an author that waits too long. Each is told once."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=10)
    since = models.DateField(help_text="The day since which it waits.")
    told_at = models.DateTimeField()

    class Meta:
        ordering = ["-told_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "cause", "since"], name="billing_outstandingalarm_once"
            ),
        ]

    def __str__(self):
        return f"{self.cause} since {self.since:%-d %b %Y}"
