"""What somebody narrowed a list down to, by a name."""

from django.conf import settings
from django.db import models
from django.urls import reverse

MOST_OF_A_LIST = 20
LONGEST_NAME = 60
LONGEST_QUERY = 2000


class SavedFilter(models.Model):
    """A search and filters of one list. It is its person's alone, and goes with the account."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    list_name = models.CharField(max_length=100, help_text="Such as billing_payment.")
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(max_length=LONGEST_QUERY)

    class Meta:
        default_permissions = ()
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "list_name", "name"], name="backoffice_savedfilter_named"
            )
        ]

    def __str__(self):
        return self.name

    @property
    def link(self) -> str:
        return f"{reverse(f'admin:{self.list_name}_changelist')}?{self.query}"
