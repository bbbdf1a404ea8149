"""The move, in one transaction: if it is killed, nothing has moved."""

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from backoffice.backups import registry
from backoffice.moving import target
from backoffice.moving.errors import MoveError
from backoffice.moving.rows import list_models
from backoffice.moving.source import (
    open_source,
    read_high_water,
    read_migrations,
    read_rows,
    require_movable,
)


def move_to_postgresql(
    *, file: Path, files: Path | None = None, tell: Callable[[str], None] = lambda line: None
) -> None:
    """Move the data of the SQLite database `file` into the PostgreSQL of the settings.

    It copies pictures and the spool from the folder `files`, unless that is this installation's
    own. `tell` gets a line for each table. Refuses a target that is not empty. Raises MoveError.
    """
    if connection.vendor != "postgresql":
        raise MoveError("DATABASE_URL has to lead to the PostgreSQL to move to.")
    with open_source(file) as source:
        _require_same_version(source)
        require_movable(source)
        call_command("migrate", verbosity=0)
        if filled := target.find_filled(connection):
            raise MoveError(
                f"The target is not empty: {', '.join(filled[:5])} hold rows. Move into a new "
                "database."
            )
        if files:
            _copy_files(files)
        _copy_rows(source, tell)
        heads = _read_heads(source)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for name, head in heads.items():
        if wrong := registry.proofs[name].verify(head):
            raise MoveError(f"Moved, but it does not prove: {wrong}")
        tell(f"Proved: {name}, with the head {head or '(none yet)'}.")


def _require_same_version(source) -> None:
    wanted = {
        key for key in MigrationExecutor(connection).loader.graph.nodes if "__first__" not in key
    }
    if missing := wanted - read_migrations(source):
        app, name = min(missing)
        raise MoveError(
            f"The source has not run {len(missing)} migrations, {app}.{name} the first. Bring it "
            "to this version before: manage.py migrate, with its DATABASE_URL."
        )


@transaction.atomic
def _copy_rows(source, tell) -> None:
    """Fill every table, then read it again and compare. Memory holds a portion of the rows."""
    high_water = read_high_water(source)
    models = list_models()
    with target.unchecked(connection):
        target.empty(connection, [model._meta.db_table for model in models])
        for model in models:
            table = model._meta.db_table
            read = target.fill(connection, model, read_rows(source, model))
            target.set_sequence(connection, model, high_water.get(table, 0))
            if not read.agrees_with(found := target.read_checksum(connection, model)):
                raise MoveError(
                    f"{table}: {read.rows:,} rows were read, {found.rows:,} stand there, and they "
                    "are not the same. Nothing was moved."
                )
            tell(f"{table}: {read.rows:,} rows, checksum {read.sum >> 192:016x}")


def _read_heads(source) -> dict[str, str]:
    heads = {}
    for name, proof in registry.proofs.items():
        row = source.execute(proof.head_query).fetchone()
        heads[name] = row[0].decode() if row else ""
    return heads


def _copy_files(files: Path) -> None:
    """Copy pictures and the spool of the other installation. A second run changes nothing."""
    for name, folder in (("media", settings.MEDIA_ROOT), ("spool", settings.SPOOL_DIR)):
        if (files / name).is_dir() and (files / name).resolve() != Path(folder).resolve():
            shutil.copytree(files / name, folder, dirs_exist_ok=True)
