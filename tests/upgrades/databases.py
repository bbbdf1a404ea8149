"""Databases as an earlier version left them, in the place of the tests' own."""

import contextlib
import gzip
import itertools
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.core.management import call_command
from django.db import connection

DUMPS = Path(__file__).parent
NUMBERS = itertools.count()


def read_dump(commit: str) -> str:
    return gzip.decompress((DUMPS / f"{commit}.{connection.vendor}.sql.gz").read_bytes()).decode()


@contextlib.contextmanager
def other_database(sql: str = "") -> Iterator[str]:
    """Let the default connection lead to a database of its own, filled by `sql`. Yield its name."""
    own = connection.settings_dict["NAME"]
    number = f"{os.getpid()}_{next(NUMBERS)}"
    if connection.vendor == "sqlite":
        name, make, drop = f"{tempfile.gettempdir()}/other-{number}.sqlite3", _make_file, _drop_file
    else:
        name, make, drop = f"other_{number}", _make, _drop
    try:
        make(name, sql)
        yield name
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
        drop(name)


def _make_file(name: str, sql: str) -> None:
    _drop_file(name)
    _lead_to(name)
    with contextlib.closing(sqlite3.connect(name)) as file:
        file.executescript(sql)


def _drop_file(name: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{name}{suffix}").unlink(missing_ok=True)


def _make(name: str, sql: str) -> None:
    _drop(name)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    _lead_to(name)
    if sql:
        with connection.cursor() as cursor:
            cursor.execute(sql)


def _drop(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _lead_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = str(name)


def migrate(*target: str) -> None:
    call_command("migrate", *target, verbosity=0, skip_checks=True)
