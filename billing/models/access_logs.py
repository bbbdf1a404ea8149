"""Imports of access logs."""

from django.conf import settings
from django.db import models

LONGEST_PATTERN = 500


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
        return f"key of {self.created_at:%-d %b %Y}"
