"""Databases as an earlier version left them, in the place of the tests' own."""

import contextlib
import fcntl
import gzip
import itertools
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

DUMPS = Path(__file__).parent
NUMBERS = itertools.count()


def read_dump(commit: str) -> str:
    return gzip.decompress((DUMPS / f"{commit}.{connection.vendor}.sql.gz").read_bytes()).decode()


@contextlib.contextmanager
def other_database(sql: str = "", *, copy_of: str = "") -> Iterator[str]:
    """Let the default connection lead to a database of its own. Yield its name.

    It is filled by `sql`, or is a copy of another database that nobody uses.
    """
    own = connection.settings_dict["NAME"]
    number = f"{os.getpid()}_{next(NUMBERS)}"
    if connection.vendor == "sqlite":
        name, make, drop = f"{tempfile.gettempdir()}/other-{number}.sqlite3", _make_file, _drop_file
    else:
        name, make, drop = f"other_{number}", _make, _drop
    try:
        if copy_of:
            _copy(copy_of, name)
        else:
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


def _copy(source: str, name: str) -> None:
    if connection.vendor == "sqlite":
        shutil.copy(source, name)
    else:
        _drop(name)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    _lead_to(name)


def _lead_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = str(name)


def migrate(*target: str) -> None:
    call_command("migrate", *target, verbosity=0, skip_checks=True)


class Upgrades:
    """Databases of earlier versions, each brought to today once in a run, and copied for its users.

    `folder` is one for all workers of the run. An upgrade takes ten seconds, a copy next to none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[str] = []

    @contextlib.contextmanager
    def open(self, commit: str, bring: Callable[[], Any] = migrate) -> Iterator[Any]:
        """Let the default connection lead to a copy of the database that `bring` brought to today.

        Yield what it returned, which JSON can hold.
        """
        key = f"{commit}_{bring.__name__}"
        with contextlib.ExitStack() as stack:
            with self._alone():
                if not self._result(key).exists():
                    self._make(key, commit, bring)
                result = json.loads(self._result(key).read_text())
                stack.enter_context(other_database(copy_of=self._name(key)))
            yield result

    def drop(self) -> None:
        drop = _drop_file if connection.vendor == "sqlite" else _drop
        with self._alone():
            for key in self.made:
                self._result(key).unlink()
                drop(self._name(key))

    def _make(self, key: str, commit: str, bring: Callable[[], Any]) -> None:
        own = connection.settings_dict["NAME"]
        make = _make_file if connection.vendor == "sqlite" else _make
        try:
            make(self._name(key), read_dump(commit))
            result = bring()
        finally:
            _lead_to(own)
        self._result(key).write_text(json.dumps(result))
        self.made.append(key)

    def _name(self, key: str) -> str:
        if connection.vendor == "sqlite":
            return str(self.folder / f"{key}.sqlite3")
        return f"upgraded_{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"[:30] + f"_{key}"

    def _result(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "upgrades.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
