from django.db import models

from backoffice.accounts.models import AccessRequest, AccountSession, SecurityEvent
from backoffice.mailing.models import Mail, MailChoice, ReminderSaid
from backoffice.saved_filters.models import SavedFilter

__all__ = [
    "AccessRequest",
    "AccountSession",
    "AuditTrail",
    "JobRun",
    "Mail",
    "MailChoice",
    "ReminderSaid",
    "SavedFilter",
    "SecurityEvent",
]


class JobRun(models.Model):
    """One run of a scheduled job: what ran, when, and how it ended."""

    class Status(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    output = models.TextField(blank=True)
    host = models.CharField(max_length=100, blank=True, help_text="The machine that ran it.")

    is_in_file = False  # the database refused it, and a file keeps it for the next job

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["name", "-started_at"], name="backoffice_jobrun_latest")]

    def __str__(self):
        return f"{self.name} {self.status}"


class AuditTrail(models.Model):  # noqa: DJ008
    """No table: the permission to read every recorded change, of every kind."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_audittrail", "Can read all recorded changes")]
        verbose_name_plural = "audit trail"
