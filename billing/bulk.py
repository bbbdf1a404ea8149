"""Many rows at once, without a model instance or a parameter for each: what a batch needs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL


def insert_rows(model: type[models.Model], fields: Sequence[str], rows: Iterable[tuple]) -> None:
    """Insert `rows`, whose values are as the database keeps them, in the order of `fields`.

    By COPY on PostgreSQL. For tables without history.
    """
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(_column_of(model, name)) for name in fields)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
            cursor.executemany(statement, rows)  # type: ignore[arg-type]  # any iterable


def _column_of(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return field.column


def any_of(keys: Iterable[int]) -> RawSQL:
    """Return what stands for thousands of `keys` after `__in`, as one parameter.

    Given one by one, the driver takes longer to put them into the statement than the database
    takes to find their rows.
    """
    array = json.dumps(list(keys))
    if connection.vendor == "postgresql":
        return RawSQL("SELECT value::bigint FROM json_array_elements_text(%s::json)", [array])
    return RawSQL("SELECT value FROM json_each(%s)", [array])
