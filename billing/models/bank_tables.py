"""How the columns of a bank's table are read, as people chose it."""

from django.conf import settings
from django.db import models


class BankTable(models.Model):
    """The choice for all tables with one header. Rows are added; the latest one holds."""

    header = models.JSONField(help_text="The names of the columns, in their order.")
    header_sha256 = models.CharField(max_length=64)
    choices = models.JSONField(help_text="Which column is what, and how it is written.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "table layout"
        verbose_name_plural = "table layouts"
        indexes = [models.Index(fields=["header_sha256"], name="billing_banktable_header")]

    def __str__(self):
        return ", ".join(self.header)[:100]
