"""Authors whose accounts an import made: names in a file, until a person says who they are."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords


class ImportedAuthor(models.Model):
    """A new account for a name in a file. Until somebody confirms it, it is no person yet."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="imported_author"
    )
    name = models.CharField("name in the file", max_length=300)
    file_name = models.CharField("file", max_length=200)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    imported_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmation = models.TextField(
        blank=True, max_length=900, help_text="How that person made sure of it."
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["-imported_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("confirm_importedauthor", "Can confirm who imported authors are")]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None, confirmation="")
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(confirmation=""),
                name="weblog_importedauthor_confirmed_whole",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("account")),
                name="weblog_importedauthor_by_another",
                violation_error_message="Somebody else confirms who they are.",
            ),
        ]

    def __str__(self):
        return self.name
