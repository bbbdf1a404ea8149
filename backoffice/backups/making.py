"""Makes a backup, and deletes old ones."""

import contextlib
import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from backoffice.backups import registry
from backoffice.backups.archives import write_archive
from backoffice.backups.databases import NAMES, copy_database
from backoffice.backups.errors import BackupError

PREFIX, SUFFIX = "backup-", ".tar"


def make_backup(*, to: Path, at: dt.datetime, keep: int = 0) -> Path:
    """Write all data of this installation into one file in the folder `to`, and return its path.

    It reads the spool's files before the database, so that each view is in at least one of the two.
    `keep` - 1 older backups stay in the folder; all stay if `keep` is 0. Raises BackupError.
    """
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = to / f"{PREFIX}{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
    if path.exists():
        raise BackupError(f"{path} exists. Wait a second.")
    _clear_unfinished(to)
    facts: dict[str, object] = {
        "made_at": at.isoformat(),
        "database": connection.vendor,
        "migrations": sorted(map(list, MigrationRecorder(connection).applied_migrations())),
    }
    working = Path(tempfile.mkdtemp(prefix=".backup-", suffix=f"-{os.getpid()}", dir=to))
    try:
        with write_archive(path, facts) as archive:
            for name, copy in _copy_spool(working).items():
                archive.add(copy, f"spool/{name}")
            copy = working / "database"
            facts["heads"] = copy_database(connection, copy)
            archive.add(copy, NAMES[connection.vendor])
            for file in sorted(_list_files(settings.MEDIA_ROOT)):
                with contextlib.suppress(FileNotFoundError):  # taken down meanwhile
                    archive.add(file, f"media/{file.relative_to(settings.MEDIA_ROOT)}")
    finally:
        shutil.rmtree(working)
    if keep:
        prune(to, keep=keep)
    return path


def _copy_spool(working: Path) -> dict[str, Path]:
    """Return {name: its copy} of the spool's files, which a fold may rename and remove.

    It looks again until every file has a copy, so it finds a renamed file under its new name.
    """
    copies: dict[str, Path] = {}
    while names := _list_spool() - copies.keys():
        for name in names:
            copy = working / f"spool-{len(copies)}"
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(settings.SPOOL_DIR / name, copy)
                copies[name] = copy
    return copies


def _list_spool() -> set[str]:
    files = _list_files(settings.SPOOL_DIR)
    return {
        str(file.relative_to(settings.SPOOL_DIR))
        for file in files
        if not file.name.endswith(tuple(registry.suffixes_left_out))
    }


def _list_files(folder: Path) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()]


def prune(folder: Path, *, keep: int) -> list[Path]:
    """Delete all backups in `folder` except the latest `keep`, and return the deleted ones."""
    old = sorted(folder.glob(f"{PREFIX}*{SUFFIX}"))[:-keep]
    for path in old:
        path.unlink()
    return old


def _clear_unfinished(folder: Path) -> None:
    """Remove the rest of a killed backup. A running backup keeps its files."""
    for path in folder.glob(".backup-*-*"):
        if path.is_dir() and not _is_alive(path.name.rpartition("-")[2]):
            shutil.rmtree(path, ignore_errors=True)
            for unfinished in folder.glob(f".{PREFIX}*{SUFFIX}.unfinished"):
                unfinished.unlink(missing_ok=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
