"""A copy of the database at one moment, by the database's own tools, while others write."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from django.conf import settings

from backoffice.backups import registry
from backoffice.backups.errors import BackupError
from backoffice.durable import flush_folder

# The copy's name in the archive, for each database.
NAMES = {"sqlite": "database/db.sqlite3", "postgresql": "database/postgresql.dump"}


def copy_database(connection, path: Path) -> dict[str, str]:
    """Write a copy without what is left out, and return the heads of that copy."""
    return {"sqlite": _copy_file, "postgresql": _dump}[connection.vendor](connection, path)


def restore_database(connection, path: Path) -> None:
    """Put the copy in the place of an empty database. A kill leaves all of it or nothing."""
    {"sqlite": _place_file, "postgresql": _load}[connection.vendor](connection, path)


def is_empty(connection) -> bool:
    if connection.vendor == "sqlite" and not Path(_file_of(connection)).exists():
        return True
    return not connection.introspection.table_names()


def clear_database(connection) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            (name,) = cursor.fetchone()
            schema = connection.ops.quote_name(name)
            cursor.execute(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")
            if name == "public":  # as PostgreSQL makes it: the serving role may be another
                cursor.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


def _read_heads(cursor) -> dict[str, str]:
    heads = {}
    for name, proof in registry.proofs.items():
        cursor.execute(proof.head_query)
        row = cursor.fetchone()
        heads[name] = row[0] if row else ""
    return heads


# SQLite


def _file_of(connection) -> str:
    return str(connection.settings_dict["NAME"])


def _copy_file(connection, path: Path) -> dict[str, str]:
    """Copy in one step of the backup API. WAL lets others write meanwhile."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        contextlib.closing(sqlite3.connect(_file_of(connection), timeout=60)) as source,
        contextlib.closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA secure_delete=ON")
        tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
        with copy:
            for table in registry.tables_left_out & tables:
                copy.execute(f'DELETE FROM "{table}"')  # noqa: S608
        if (found := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise BackupError(f"The database is damaged: {found}. Keep the last good backup.")
        return _read_heads(copy.cursor())


def _place_file(connection, path: Path) -> None:
    connection.close()
    target = Path(_file_of(connection))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for suffix in (
        "-wal",
        "-shm",
    ):  # files of the earlier database, which SQLite would read into this one
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    beside = target.with_name(f".{target.name}.unfinished")
    shutil.copyfile(path, beside)
    beside.chmod(0o600)
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.rename(target)
    flush_folder(target.parent)


# PostgreSQL


def _dump(connection, path: Path) -> dict[str, str]:
    """Run pg_dump in a snapshot from which the heads are read, too."""
    connection.close()
    connection.ensure_connection()
    excluded = [f"--exclude-table-data={table}" for table in sorted(registry.tables_left_out)]
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
            heads = _read_heads(cursor)
            _run(
                connection, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
                f"--snapshot={snapshot}", f"--file={path}", *excluded,
            )  # fmt: skip
        finally:
            cursor.execute("ROLLBACK")
    path.chmod(0o600)
    return heads


def _load(connection, path: Path) -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    _run(
        connection, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner",
        "--no-privileges", f"--dbname={name}", str(path),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _run(connection, program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL. Its environment names the database."""
    facts = connection.settings_dict
    _, ssl = connection.client.settings_to_cmd_args_env(facts, [])
    names = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "NAME": "PGDATABASE"}
    where = {names[key]: str(facts[key]) for key in names if facts.get(key)}
    found = shutil.which(program, path=settings.POSTGRESQL_BIN or None)
    if not found:
        raise BackupError(
            f"{program} is missing. Install the client programs of PostgreSQL, of the server's "
            "version or a later one, or set POSTGRESQL_BIN to their folder."
        )
    result = subprocess.run(
        [found, *arguments],
        env=os.environ | where | (ssl or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BackupError(f"{program} failed: {result.stderr.strip()[-1000:]}")
