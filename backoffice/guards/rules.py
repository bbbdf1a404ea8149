"""The rules of guards, as SQL over OLD and NEW for SQLite and PostgreSQL alike."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Model


class Rule(NamedTuple):
    """Refuses a change of a row for which the SQL is true, and says why."""

    model: type[Model]
    event: str  # INSERT, UPDATE or DELETE
    refused_if: str
    reason: str
    topic: str = ""  # tells the rules for one event apart
    of_app: str = ""  # whose rule it is, where the table is another app's

    @property
    def app(self) -> str:
        return self.of_app or self.model._meta.app_label

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def name(self) -> str:
        parts = (f"{self.app}_guard", self.model._meta.model_name, self.event.lower(), self.topic)
        return "_".join(filter(None, parts))


def changes(model: type[Model], *, but: Collection[str] = ()) -> str:
    """SQL: a column changes, other than those of the fields `but`."""
    columns = [field.column for field in model._meta.concrete_fields if field.name not in but]
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"({new}) IS DISTINCT FROM ({old})"
