"""Reads the SQLite file of the move in one transaction, which makes writers wait."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import models

from backoffice.moving.errors import MoveError
from backoffice.moving.rows import KNOWN, kind_of, list_models

ROWS_AT_A_TIME = 2_000
PROBLEMS_SHOWN = 20
# The largest numbers of PostgreSQL's types. SQLite stores larger ones in columns of these types.
LARGEST = {
    "PositiveSmallIntegerField": 32_767,
    "SmallIntegerField": 32_767,
    "PositiveIntegerField": 2_147_483_647,
    "IntegerField": 2_147_483_647,
    "AutoField": 2_147_483_647,
}

PARSERS: dict[str, tuple[Callable[[Any], object], str]] = {
    "DateField": (dt.date.fromisoformat, "is no date"),
    "DateTimeField": (dt.datetime.fromisoformat, "is no moment"),
    "UUIDField": (UUID, "is no UUID"),
    "GenericIPAddressField": (ip_address, "is no network address"),
}


def _is_parsed(parse: Callable, value) -> bool:
    try:
        return value is None or parse(value) is not None
    except (ValueError, TypeError, AttributeError):
        return False


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise MoveError(f"{path} is no file.")
    source = sqlite3.connect(path, isolation_level=None, timeout=60)
    source.text_factory = bytes  # so that require_movable can name text that is not UTF-8
    for kind, (parse, _) in PARSERS.items():
        source.create_function(f"is_{kind.lower()}", 1, partial(_is_parsed, parse))
    try:
        source.execute("BEGIN IMMEDIATE")
        yield source
    except sqlite3.DatabaseError as error:
        raise MoveError(f"{path} can't be read: {error}") from error
    finally:
        source.close()


def read_migrations(source: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = source.execute("SELECT app, name FROM django_migrations")
    return {(app.decode(), name.decode()) for app, name in rows}


def read_rows(source: sqlite3.Connection, model: type[models.Model]) -> Iterator[tuple]:
    """Yield the rows of a table. Memory holds a portion."""
    fields = model._meta.local_concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    is_bytes = [kind_of(field) == "BinaryField" for field in fields]
    cursor = source.execute(f'SELECT {columns} FROM "{model._meta.db_table}"')  # noqa: S608
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        for row in rows:
            yield tuple(
                value.decode() if isinstance(value, bytes) and not keep else value
                for value, keep in zip(row, is_bytes, strict=True)
            )


def read_high_water(source: sqlite3.Connection) -> dict[str, int]:
    """Return {table: the largest id ever given}, including deleted rows."""
    rows = source.execute("SELECT name, seq FROM sqlite_sequence")
    return {name.decode(): seq for name, seq in rows}


def require_movable(source: sqlite3.Connection) -> None:
    """Raise a MoveError that names the values that PostgreSQL does not take."""
    problems = [problem for model in list_models() for problem in _find_problems(source, model)]
    if problems:
        shown = "\n".join(problems[:PROBLEMS_SHOWN])
        more = len(problems) - PROBLEMS_SHOWN
        raise MoveError(
            f"PostgreSQL would not take these values. Correct them in the admin, and move then:\n"
            f"{shown}" + (f"\nand {more} more." if more > 0 else "")
        )


def _find_problems(source: sqlite3.Connection, model: type[models.Model]) -> Iterator[str]:
    table, key = model._meta.db_table, model._meta.pk.column
    for field in model._meta.local_concrete_fields:
        kind = kind_of(field)
        if kind not in KNOWN:
            raise MoveError(f"{table}.{field.column} is a {kind}, which nobody taught me to move.")
        for condition, words in _list_conditions(field, kind):
            rows = source.execute(
                f'SELECT "{key}" FROM "{table}" WHERE {condition} LIMIT {PROBLEMS_SHOWN + 1}'  # noqa: S608
            )
            for (value,) in rows.fetchall():
                told = value.decode(errors="replace") if isinstance(value, bytes) else value
                yield f"{table}, {key} {told}: {field.column} {words}"


def _list_conditions(field: models.Field, kind: str) -> Iterator[tuple[str, str]]:
    column = f'"{field.column}"'
    if kind in ("CharField", "TextField", "SlugField", "FileField"):
        yield f"instr({column}, char(0)) > 0", "has a NUL character"
        yield f"typeof({column}) = 'blob'", "is no text"
        if field.max_length and kind != "TextField":
            yield f"length({column}) > {field.max_length}", f"is over {field.max_length} characters"
    elif kind == "JSONField":
        yield f"NOT json_valid({column})", "is no JSON"
        yield f"instr({column}, '\\u0000') > 0", "has a NUL character"
    elif kind == "BinaryField":
        yield f"typeof({column}) NOT IN ('blob', 'null')", "is text, not bytes"
    elif kind in PARSERS:
        yield f"NOT is_{kind.lower()}({column})", PARSERS[kind][1]
    elif kind != "BooleanField":
        yield f"typeof({column}) NOT IN ('integer', 'null')", "is no whole number"
        if kind in LARGEST:
            yield f"abs({column}) > {LARGEST[kind]}", f"is over {LARGEST[kind]}"
