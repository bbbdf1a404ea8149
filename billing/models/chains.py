"""The shape of a chain: rows of which each covers the one before by its hash."""

from django.db import models


class ChainLink(models.Model):
    """A link of a chain. Rows are added, never changed.

    Its hash covers its content and the previous hash: billing.proof.chains. So any change,
    insertion, removal or rollback of a link changes every later hash.
    """

    number = models.PositiveIntegerField(unique=True, help_text="1 and up, without a gap.")
    content = models.TextField(help_text="What was signed, as canonical JSON.")
    previous_hash = models.CharField(max_length=64, help_text="Zeros for the first seal.")
    hash = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["number"]

    def __str__(self):
        return f"seal {self.number}"
