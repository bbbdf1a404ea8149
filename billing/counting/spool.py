"""Views that the database did not take: kept on this machine until the next fold takes them in.

In files of one line for each view, flushed to the disk before the reader has the answer. A line is
what the database would have got: keys, but no address and no user agent. It has the view's id, so
taking it in twice adds nothing; and a digest, so that one which broke off is told.

Each process appends to a file of its own. Whoever takes a file in renames it first, under the
lock that each line is written under: a writer that finds its file renamed starts another. Where
the disk is full, lines go to a reserve whose room was allotted before; spool_intake reads both.
"""

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from billing.counting.clicks import Click

RESERVE_SIZE = 4 * 1024 * 1024  # bytes: about 8,000 views on a full disk
RESERVE = "reserve.views"
WAITING, TAKEN = ".views", ".taken"
KEYS = ("reader_key", "previous_day_key", "address_key", "agent_key")

_names: dict[int, str] = {}  # of the file that this process writes to, by its number
_once = threading.Lock()


class SpooledView(NamedTuple):
    """A line as it is read back. `salt` names the salt of its keys."""

    click: Click
    salt: str


def keep_view(click: Click, *, salt: str) -> None:
    """Write a view down; on return it survives a power cut. Raises OSError if that can't be."""
    line = write_line(click, salt)
    try:
        _append(settings.SPOOL_DIR / _own_file(), line)
    except OSError as error:
        try:
            _append_to_reserve(settings.SPOOL_DIR / RESERVE, line)
        except OSError:
            raise error from None


def write_line(click: Click, salt: str) -> bytes:
    facts = click._asdict() | {"salt": salt}
    facts |= {"id": click.id.hex, "viewed_at": click.viewed_at.isoformat()}
    facts |= {"day": click.day.isoformat()}
    facts |= {name: value.hex() for name in KEYS if (value := facts[name]) is not None}
    text = json.dumps(facts, separators=(",", ":")).encode()
    return _digest(text) + b" " + text + b"\n"


def read_line(line: bytes) -> SpooledView | None:
    """Return the view of a line, or None if the line is not as it was written.

    Raises ValueError for one of another version of this application, which can read it.
    """
    digest, _, text = line.rstrip(b"\n").partition(b" ")
    if not text or digest != _digest(text):
        return None
    try:
        return _read_facts(json.loads(text))
    except (KeyError, TypeError) as error:
        raise ValueError(f"A line is of another version: {error}") from error


def _read_facts(facts: dict) -> SpooledView:
    facts |= {"id": UUID(facts["id"]), "day": dt.date.fromisoformat(facts["day"])}
    facts |= {"viewed_at": dt.datetime.fromisoformat(facts["viewed_at"])}
    facts |= {name: bytes.fromhex(facts[name]) for name in KEYS if facts[name] is not None}
    salt = facts.pop("salt")
    return SpooledView(Click(**facts), salt)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()


# Writing


def _own_file() -> str:
    """Return the name of this process's file. A forked one makes another."""
    process = os.getpid()
    if process not in _names:
        _names[process] = f"{process}-{secrets.token_hex(4)}{WAITING}"
    return _names[process]


def _append(path: Path, line: bytes) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    with _open_locked(path, flags) as descriptor:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # the one before broke off
        try:
            _write(descriptor, line)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        if not size:
            _flush_folder()


def _write(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "The line did not fit.")
    os.fsync(descriptor)


def _append_to_reserve(path: Path, line: bytes) -> None:
    """Write over the first of the zeros that fill the reserve: that takes no room on the disk."""
    with _open_locked(path, os.O_RDWR) as descriptor:
        size = os.fstat(descriptor).st_size
        start = _find_end(descriptor, size)
        if start and os.pread(descriptor, 1, start - 1) != b"\n":
            line = b"\n" + line
        if start + len(line) > size:
            raise OSError(errno.ENOSPC, "The reserve is full.")
        os.lseek(descriptor, start, os.SEEK_SET)
        _write(descriptor, line)


def _find_end(descriptor: int, size: int) -> int:
    """Return where the zeros begin, by halving: no line has one."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if os.pread(descriptor, 1, middle) == b"\0":
            high = middle
        else:
            low = middle + 1
    return low


@contextlib.contextmanager
def _open_locked(path: Path, flags: int) -> Iterator[int]:
    """Open the file that has this name once its lock is held: not one renamed meanwhile."""
    while True:
        descriptor = _open(path, flags)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)  # and with it the lock


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _flush_folder() -> None:
    """Have the names in the folder survive a power cut."""
    descriptor = os.open(settings.SPOOL_DIR, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Getting ready, and handing over


def make_reserve() -> None:
    """Allot the reserve's room, if it is not there. Raises OSError.

    posix_fallocate promises that writing to it will not fail for lack of room (POSIX.1-2017).
    """
    reserve = settings.SPOOL_DIR / RESERVE
    with _once:
        if reserve.exists():
            return
        settings.SPOOL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = reserve.with_name(f"{secrets.token_hex(8)}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_SIZE)
            os.fsync(descriptor)
            with contextlib.suppress(FileExistsError):
                reserve.hardlink_to(draft)
        finally:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
        _flush_folder()


def claim_files() -> list[Path]:
    """Take the files that have views away from their writers, and return them, oldest first.

    With those that an earlier run had taken and did not finish.
    """
    for path in _list(WAITING):
        with (
            contextlib.suppress(FileNotFoundError),
            _open_locked(path, os.O_RDWR) as descriptor,
        ):
            if os.pread(descriptor, 1, 0).strip(b"\0"):
                path.rename(path.with_name(f"{path.stem}-{secrets.token_hex(4)}{TAKEN}"))
    return sorted(_list(TAKEN), key=_changed_at)


def _changed_at(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file up to the zeros of a reserve. Raises OSError."""
    with path.open("rb") as file:
        for line in file:
            text, zeros, _ = line.partition(b"\0")
            if text.strip():
                yield text
            if zeros:
                return


def list_files() -> list[Path]:
    """Return the files in which views may wait: those of the writers, and those being taken in."""
    return sorted([*_list(WAITING), *_list(TAKEN)])


def _list(suffix: str) -> list[Path]:
    """Return the files of a kind. Raises OSError, unlike Path.glob, where the folder is shut."""
    try:
        names = os.listdir(settings.SPOOL_DIR)
    except FileNotFoundError:
        return []  # made when it is first needed
    return [settings.SPOOL_DIR / name for name in names if name.endswith(suffix)]
