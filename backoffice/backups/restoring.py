"""Restores a backup into an empty installation, and proves the result."""

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from backoffice.backups import registry
from backoffice.backups.archives import extract, read_manifest
from backoffice.backups.databases import NAMES, clear_database, is_empty, restore_database
from backoffice.backups.errors import BackupError

WAITING = (
    "What lay in the spool is in {} now: copy its *.views and *.taken files into the new spool, "
    "each under a name that is not there, and the next fold takes in the views of blogs that are "
    "there."
)


def restore_backup(*, file: Path, replace: bool = False, at: dt.datetime | None = None) -> str:
    """Restore database, pictures and spool, prove them by the backup's heads, and say what to do.

    First it compares every byte with the backup's list. The database comes last, so that none
    exists until everything else is done. It refuses an installation that is not empty, unless told
    to replace it; then it puts views that wait in the spool aside, because readers already have
    those pages. Raises BackupError.
    """
    manifest = read_manifest(file)
    if manifest["database"] != connection.vendor:
        raise BackupError(
            f"This is a backup of {manifest['database']}; this installation has "
            f"{connection.vendor}. Restore it where it came from, and move it then."
        )
    folders = {"media/": Path(settings.MEDIA_ROOT), "spool/": Path(settings.SPOOL_DIR)}
    if not replace:
        _require_empty(folders)
    aside = None
    if replace:
        aside = _put_aside(folders["spool/"], at=at or timezone.now())
        clear_database(connection)
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.VAR_DIR) as name:
        working = Path(name)
        for prefix, folder in folders.items():
            extract(file, prefix, working / prefix)
            _place_folder(working / prefix, folder)
        extract(file, "database/", working / "database")
        restore_database(connection, working / NAMES[connection.vendor])
    waiting = WAITING.format(aside) if aside else ""
    return " ".join(filter(None, [_prove(manifest["heads"]), waiting]))


def _require_empty(folders: dict[str, Path]) -> None:
    filled = [] if is_empty(connection) else ["the database"]
    for folder in folders.values():
        if folder.exists() and any(path.is_file() for path in folder.rglob("*")):
            filled.append(str(folder))
    if filled:
        raise BackupError(
            f"Nothing was restored: {' and '.join(filled)} would be lost. Restore into an empty "
            "installation, or say that all of it is to be replaced."
        )


def _put_aside(spool: Path, *, at: dt.datetime) -> Path | None:
    """Rename a spool that holds files. Salts are deleted: nothing would destroy them there."""
    kept = [path for path in spool.rglob("*") if path.is_file()]
    kept = [path for path in kept if path.suffix not in registry.suffixes_left_out]
    if not kept:
        return None
    aside = spool.with_name(f"{spool.name}-before-{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}")
    os.rename(spool, aside)
    aside.chmod(0o700)
    for suffix in registry.suffixes_left_out:
        for path in aside.rglob(f"*{suffix}"):
            path.unlink()
    return aside


def _place_folder(source: Path, folder: Path) -> None:
    """Replace the content of `folder` by that of `source`, for its owner only."""
    source.mkdir(exist_ok=True)
    source.chmod(0o700)
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(source, folder)
    except OSError:  # on another disk
        shutil.copytree(source, folder)


def _prove(heads: dict[str, str]) -> str:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        told = " ".join(head for head in heads.values() if head)
        return f"Restored. It is of an earlier version: migrate, then verify with the head {told}."
    for name, head in heads.items():
        if name in registry.proofs and (wrong := registry.proofs[name].verify(head)):
            raise BackupError(f"Restored, but it does not prove: {wrong}")
    told = ", ".join(f"{name} with the head {head or '(none yet)'}" for name, head in heads.items())
    return f"Restored, and proved: {told}." if told else "Restored."
