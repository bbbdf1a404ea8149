"""Fills the PostgreSQL of the move. Foreign keys and triggers are off meanwhile."""

import contextlib
from collections.abc import Iterable, Iterator

from django.db import models

from backoffice.moving.rows import Checksum, list_takers

# Tables that migrate itself fills. A database with rows only there counts as empty.
MADE_BY_MIGRATE = {"django_migrations", "django_content_type", "auth_permission"}

FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
# The word that restores a trigger, by its earlier state (pg_trigger.tgenabled).
TRIGGERS = """
    SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),
           format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass,
                  CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname)
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND tgenabled <> 'D'
    AND relnamespace = current_schema()::regnamespace
"""


def find_filled(connection) -> list[str]:
    """Return the tables with rows that migrate did not write."""
    tables = sorted(set(connection.introspection.table_names()) - MADE_BY_MIGRATE)
    with connection.cursor() as cursor:
        return [table for table in tables if _has_rows(cursor, table)]


def _has_rows(cursor, table: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')  # noqa: S608
    return cursor.fetchone()[0]


@contextlib.contextmanager
def unchecked(connection) -> Iterator[None]:
    """Remove foreign keys and disable triggers, and restore both, in the caller's transaction.

    Adding a foreign key again checks every row. The triggers refuse the same changes as before.
    """
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        keys = cursor.fetchall()
        cursor.execute(TRIGGERS)
        triggers = cursor.fetchall()
        for take_away, _ in [*keys, *triggers]:
            cursor.execute(take_away)
        yield
        for _, put_back in [*keys, *triggers]:
            cursor.execute(put_back)


def empty(connection, tables: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        names = ", ".join(connection.ops.quote_name(table) for table in tables)
        cursor.execute(f"TRUNCATE {names}")


def fill(connection, model: type[models.Model], rows: Iterable[tuple]) -> Checksum:
    """Copy the rows into the table, and return the checksum of the read rows."""
    fields = model._meta.local_concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    takers, checksum = list_takers(fields), Checksum(fields)
    table = connection.ops.quote_name(model._meta.db_table)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            checksum.add(row)
            copy.write_row(
                take(value) if take and value is not None else value
                for take, value in zip(takers, row, strict=True)
            )
    return checksum


def read_checksum(connection, model: type[models.Model]) -> Checksum:
    """Return the checksum of the table's rows now, read as a stream."""
    fields = model._meta.local_concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    checksum = Checksum(fields)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table}")  # noqa: S608
        while rows := cursor.fetchmany(2_000):
            for row in rows:
                checksum.add(row)
    return checksum


def set_sequence(connection, model: type[models.Model], high_water: int) -> None:
    """Make the next id larger than any that was ever given."""
    key = model._meta.pk
    if key.get_internal_type() not in ("AutoField", "BigAutoField", "SmallAutoField"):
        return
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT setval(pg_get_serial_sequence(%s, %s), GREATEST(largest, %s, 1),
                          GREATEST(largest, %s) > 0)
            FROM (SELECT COALESCE(MAX({connection.ops.quote_name(key.column)}), 0) AS largest
                  FROM {table}) ids
            """,  # noqa: S608
            [table, key.column, high_water, high_water],
        )
