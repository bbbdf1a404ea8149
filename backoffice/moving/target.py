"""The PostgreSQL that is filled: meanwhile without foreign keys and triggers."""

import contextlib
from collections.abc import Iterable, Iterator

from django.db import models

from backoffice.moving.rows import Checksum, list_takers

# What migrate itself writes, so that a database with nothing else in it is an empty one.
MADE_BY_MIGRATE = {"django_migrations", "django_content_type", "auth_permission"}

FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
# What a trigger is after ENABLE, by how it stood (pg_trigger.tgenabled).
TRIGGERS = """
    SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),
           format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass,
                  CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname)
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND tgenabled <> 'D'
    AND relnamespace = current_schema()::regnamespace
"""


def find_filled(connection) -> list[str]:
    """Return the tables that hold anything but what migrate wrote."""
    tables = sorted(set(connection.introspection.table_names()) - MADE_BY_MIGRATE)
    with connection.cursor() as cursor:
        return [table for table in tables if _has_rows(cursor, table)]


def _has_rows(cursor, table: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')  # noqa: S608
    return cursor.fetchone()[0]


@contextlib.contextmanager
def unchecked(connection) -> Iterator[None]:
    """Take foreign keys and triggers away, and put them back: in the transaction of the caller.

    Adding a foreign key checks every row; what refused changes before refuses them again.
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
    """Copy the rows in, and return the checksum of what was read."""
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
    """Return the checksum of what the table holds now, read as a stream."""
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
    """Let the next id be larger than any that was ever given."""
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
