"""Files that are for this user of the machine alone."""

from pathlib import Path

from django.conf import settings
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from backoffice.env import BASE_DIR, VAR_DIR


def list_private_files() -> list[Path]:
    """Return what holds secrets, people's data or traces of readers, there or not."""
    database = settings.DATABASES["default"]
    files = [BASE_DIR / ".env", VAR_DIR, settings.UPLOAD_DIR, settings.RATES_FILE]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        name = str(database["NAME"])
        files += [Path(f"{name}{ending}") for ending in ("", "-wal", "-shm")]
    return files


@receiver(connection_created, dispatch_uid="backoffice.private_files")
def close_new_database(connection, **kwargs):
    """SQLite makes its file for everybody to read. The files beside it get the mode of that one."""
    if connection.vendor != "sqlite":
        return
    file = Path(str(connection.settings_dict["NAME"]))
    if file.is_file() and file.stat().st_size == 0:
        file.chmod(0o600)
