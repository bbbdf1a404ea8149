"""Salts of readers' keys on this machine, for times when the database is away.

The spool's folder holds a file for each day. It is destroyed after SALT_LIFETIME, like the salts in
the database. The fold copies the database's salts here ahead of time, so that a process which
starts while the database is away makes the same keys as all others. Without such a copy this
machine makes a salt. The database adopts it unless it has another salt of that day by then.
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
    """Return this machine's salt of a day; the first caller makes it. Raises OSError."""
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
    """Store the database's salt of a day, also over one made here.

    Raises OSError. The copy keeps the age of the original.
    """
    path = _path_of(day)
    with contextlib.suppress(FileNotFoundError, ValueError):
        if _read(path) == salt:
            return
    _write(path, salt, is_new=False)
    os.utime(path, (made_at.timestamp(), made_at.timestamp()))


def list_salts() -> dict[dt.date, tuple[bytes, dt.datetime]]:
    """Return {day: (salt, when it was made)} of this machine's salts."""
    salts = {}
    for path in _paths():
        with contextlib.suppress(FileNotFoundError, ValueError):
            made_at = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
            salts[dt.date.fromisoformat(path.stem)] = _read(path), made_at
    return salts


def purge_salts(*, at: dt.datetime | None = None) -> int:
    """Destroy salts made SALT_LIFETIME ago, and return their number.

    The time of making decides, not the day, so a salt of a distant day goes as well.
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
    """Return a name that tells two salts of a day apart and reveals nothing else."""
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
    """Write a salt whole or not at all. A new salt never replaces an existing one."""
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
