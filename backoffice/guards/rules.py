"""The rules of guards, as SQL over OLD and NEW for SQLite and PostgreSQL alike."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Model


class Rule(NamedTuple):
    """Refuses a change of a row for which the SQL is true, and says why.

    On a table that takes many rows a second, `columns` or `when` let the database pass over the
    others at no cost. `when` is SQL over `old` and `new` alone, as pg_get_triggerdef writes it.
    """

    model: type[Model]
    event: str  # INSERT, UPDATE or DELETE
    refused_if: str
    reason: str
    topic: str = ""  # tells the rules for one event apart
    of_app: str = ""  # whose rule it is, where the table is another app's
    columns: tuple[str, ...] = ()  # an UPDATE that sets none of them is passed over
    when: str = ""

    @property
    def app(self) -> str:
        return self.of_app or self.model._meta.app_label

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def occasion(self) -> str:
        """The event, with the columns that an UPDATE has to set."""
        return f"{self.event} OF {', '.join(self.columns)}" if self.columns else self.event

    @property
    def name(self) -> str:
        parts = (f"{self.app}_guard", self.model._meta.model_name, self.event.lower(), self.topic)
        return "_".join(filter(None, parts))


def list_columns(model: type[Model], *, but: Collection[str] = ()) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(field.column or "" for field in fields if field.name not in but)


def changes(model: type[Model], *, but: Collection[str] = ()) -> str:
    """SQL: a column changes, other than those of the fields `but`."""
    columns = list_columns(model, but=but)
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"({new}) IS DISTINCT FROM ({old})"
