"""What a check raises: the row, what it says, and what it should say."""

from django.db import models


class Difference(Exception):
    """The first row that is not as it should be; `str(difference)` names it in a sentence."""

    def __init__(self, row: models.Model | str, says: str, should: str):
        super().__init__(f"{describe_row(row)} {says}, but {should}.")


def describe_row(row: models.Model | str) -> str:
    """Return how people and databases find a row: its kind, its name and its key."""
    if isinstance(row, str):
        return row
    return f"The {row._meta.verbose_name} “{row}” ({row._meta.db_table} {row.pk})"
