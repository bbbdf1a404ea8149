"""Files that only this user of the machine may read."""

import contextlib
from pathlib import Path

from django.conf import settings
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from backoffice.env import BASE_DIR, VAR_DIR

BESIDE = ("-wal", "-shm")
HEADER_SIZE = 4096  # bytes that the first connection writes for WAL, before any table exists


def list_private_files() -> list[Path]:
    """Return the files with secrets, people's data or traces of readers, existing or not.

    Of those in VAR_DIR that folder stands for all.
    """
    database = settings.DATABASES["default"]
    files = [BASE_DIR / ".env", VAR_DIR, settings.UPLOAD_DIR, settings.RATES_FILE]
    if settings.PAYEE_KEYS_FILE:
        files.append(Path(settings.PAYEE_KEYS_FILE))
    if database["ENGINE"] == "django.db.backends.sqlite3":
        name = str(database["NAME"])
        files += [Path(f"{name}{ending}") for ending in ("", *BESIDE)]
    folders = [settings.BACKUP_DIR, settings.SPOOL_DIR, settings.ARCHIVE_WORK_DIR]
    if settings.ARCHIVE_URL.startswith("/"):
        folders.append(Path(settings.ARCHIVE_URL))
    if settings.SECURITY_LOG:
        folders.append(Path(settings.SECURITY_LOG))
    return files + [path for path in folders if not path.is_relative_to(VAR_DIR)]


@receiver(connection_created, dispatch_uid="backoffice.private_files")
def close_new_database(connection, **kwargs):
    """Let only this user read a new SQLite file. SQLite lets everybody read it.

    Its WAL files get the same mode.
    """
    if connection.vendor != "sqlite":
        return
    file = Path(str(connection.settings_dict["NAME"]))
    if not file.is_file() or file.stat().st_size > HEADER_SIZE:
        return
    for path in (file, *(Path(f"{file}{ending}") for ending in BESIDE)):
        with contextlib.suppress(FileNotFoundError):
            path.chmod(0o600)
