"""What was handed out of the books."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class BooksExport(models.Model):
    """A file of a month's journal, or of a year's totals, with its SHA-256.

    The rows that it was made of are still there and do not change, so the file itself is not kept.
    Whoever may view these may read the books.
    """

    class Kind(models.TextChoices):
        JOURNAL = "journal"
        YEAR = "year", "year's totals"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    first_day = models.DateField(help_text="Of the month or the year.")
    currency = models.CharField(max_length=3)
    format = models.CharField(max_length=10)  # the key of one of billing.books.formats
    file_name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "file of the books"
        verbose_name_plural = "files of the books"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["journal", "year"]), name="billing_booksexport_kind_known"
            ),
        ]
        permissions = [("export_books", "Can export the books")]

    def __str__(self):
        return self.file_name
