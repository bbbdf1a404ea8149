"""Runs of verify_payouts: when, for whom, their progress and their result."""

from django.conf import settings
from django.db import models


class Verification(models.Model):
    """One run of verify_payouts. It continues from its last position, a portion at a time."""

    class Status(models.TextChoices):
        RUNNING = "running"
        PASSED = "passed", "no difference"
        FAILED = "failed", "difference found"

    month = models.DateField(null=True, blank=True, help_text="Empty: all months.")
    head = models.CharField(
        max_length=64, blank=True, help_text="A hash that the chain must contain."
    )
    views_after = models.PositiveIntegerField(
        default=0,
        help_text="The seal of views up to which an earlier run proved them. 0: all are proved.",
    )
    views_until = models.PositiveIntegerField(
        default=0, help_text="The latest seal of views when the run began."
    )
    traces_after = models.PositiveIntegerField(
        default=0,
        help_text="The seal of traces up to which an earlier run proved them. 0: all are proved.",
    )
    traces_until = models.PositiveIntegerField(
        default=0, help_text="The latest seal of traces when the run began."
    )
    part = models.PositiveSmallIntegerField(
        default=0,
        help_text="Which part of what an earlier run proved is proved again. 0: all of it.",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty where the command line or the nightly job started it.",
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    steps = models.PositiveIntegerField(help_text="The number of portions of work.")
    done = models.PositiveIntegerField(default=0, help_text="The number of finished portions.")
    remaining = models.JSONField(default=list, help_text="The checks that are left.")
    numbers = models.JSONField(default=dict, help_text="The number of checked rows, by kind.")
    missing_guards = models.JSONField(default=list, help_text="Of the database, on sealed tables.")
    difference = models.TextField(blank=True, help_text="The first one, with its row.")
    chain_head = models.CharField(
        max_length=64, blank=True, help_text="The verified head of the chain."
    )

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="running", finished_at__isnull=True)
                | models.Q(status__in=["passed", "failed"], finished_at__isnull=False),
                name="billing_verification_finished",
            ),
        ]

    def __str__(self):
        return f"{self.month:%B %Y}" if self.month else "All months"

    @property
    def percent(self):
        return 100 * self.done // (self.steps or 1)
