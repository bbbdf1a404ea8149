"""Writes and lookups of many rows, without an instance or a parameter for each row."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL


def insert_rows(model: type[models.Model], fields: Sequence[str], rows: Iterable[tuple]) -> None:
    """Insert `rows`, tuples of database values in the order of `fields`.

    PostgreSQL uses COPY. Only for tables without history.
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
    """Return one parameter for `__in` that holds thousands of `keys`.

    With one parameter for each key, the driver needs longer to write the statement than the
    database needs to find the rows.
    """
    array = json.dumps(list(keys))
    if connection.vendor == "postgresql":
        return RawSQL("SELECT value::bigint FROM json_array_elements_text(%s::json)", [array])
    return RawSQL("SELECT value FROM json_each(%s)", [array])


def plan_guards_anew() -> None:
    """Let PostgreSQL plan the queries of its triggers for tables as large as they are now.

    A session keeps the plan of a trigger's first run. One from a time when the table was empty
    reads all of it for each row, and a first month fills it in one transaction.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DISCARD PLANS")
