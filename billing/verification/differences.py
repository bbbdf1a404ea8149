"""What a check raises: the row, its value, and the expected value."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, models

# The errors of a check on a row that holds nonsense or refers to a deleted row.
UNREADABLE = (AttributeError, DatabaseError, ObjectDoesNotExist, TypeError, ValueError)


class Difference(Exception):
    """The first wrong row; `str(difference)` names it in a sentence."""

    def __init__(self, row: models.Model | str, says: str, should: str):
        super().__init__(f"{describe_row(row)} {says}, but {should}.")


def describe_row(row: models.Model | str) -> str:
    """Return a row's kind, name, table and key, for people and for SQL."""
    if isinstance(row, str):
        return row
    return f"The {row._meta.verbose_name} “{row}” ({row._meta.db_table} {row.pk})"
