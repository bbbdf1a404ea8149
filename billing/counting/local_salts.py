"""Salts of readers' keys on this machine, for when the database can't be asked for one.

In the spool's folder, a file for each day, destroyed after SALT_LIFETIME as those in the database
are. The fold copies the database's here ahead of time, so that a process which starts while the
database is away makes the same keys as all others. Where there was no fold, a salt is made here;
the database takes it in, unless it has another one of that day by then.
"""

import contextlib
import datetime as dt
import hashlib
import os
import secrets
import time
from pathlib import Path

from django.conf import settings

SALT_LIFETIME = dt.timedelta(hours=48)
SUFFIX, DRAFT = ".salt", ".draft"


def get_salt(day: dt.date) -> bytes:
    """Return this machine's salt of a day, made by whoever comes first. Raises OSError."""
    purge_salts()
    path = _path_of(day)
    try:
        return _read(path)
    except FileNotFoundError:
        _write(path, secrets.token_bytes(32), is_new=True)
    except ValueError:
        _write(path, secrets.token_bytes(32), is_new=False)
    return _read(path)


def keep_salt(day: dt.date, salt: bytes, *, made_at: dt.datetime) -> None:
    """Keep the database's salt of a day, in place of one that was made here. Raises OSError.

    A copy is as old as what it was copied from.
    """
    path = _path_of(day)
    with contextlib.suppress(FileNotFoundError, ValueError):
        if _read(path) == salt:
            return
    _write(path, salt, is_new=False)
    os.utime(path, (made_at.timestamp(), made_at.timestamp()))


def list_salts() -> dict[dt.date, tuple[bytes, dt.datetime]]:
    """Return {day: (salt, when it was made)} of those on this machine."""
    salts = {}
    for path in _paths():
        with contextlib.suppress(FileNotFoundError, ValueError):
            made_at = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
            salts[dt.date.fromisoformat(path.stem)] = _read(path), made_at
    return salts


def purge_salts(*, at: dt.datetime | None = None) -> int:
    """Destroy those that were made SALT_LIFETIME ago, and return how many that were.

    By when they were made, not by their day: so one for a day far off goes as well.
    """
    now = at.timestamp() if at else time.time()
    gone = 0
    for path in _paths():
        with contextlib.suppress(FileNotFoundError):
            if abs(now - path.stat().st_mtime) > SALT_LIFETIME.total_seconds():
                path.unlink()
                gone += 1
    return gone


def name_salt(salt: bytes) -> str:
    """Return a name that tells two salts of a day apart, and nothing else of them."""
    return hashlib.sha256(b"name of a salt" + salt).hexdigest()[:8]


def _path_of(day: dt.date) -> Path:
    return settings.SPOOL_DIR / f"{day.isoformat()}{SUFFIX}"


def _paths() -> list[Path]:
    return sorted(settings.SPOOL_DIR.glob(f"*{SUFFIX}"))


def _read(path: Path) -> bytes:
    salt = path.read_bytes()
    if len(salt) != 32:
        raise ValueError(f"{path} is no salt.")
    return salt


def _write(path: Path, salt: bytes, *, is_new: bool) -> None:
    """Put a salt in its place, whole or not at all. A new one yields to one that is there."""
    settings.SPOOL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{secrets.token_hex(8)}{DRAFT}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(salt)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
