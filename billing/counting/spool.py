"""Views that the database refused, kept on this machine until the next fold takes them in.

Each view is a line of a file, flushed to the disk before the reader gets the answer. The line holds
the columns of the row: keys, but no address and no user agent. Its view id makes a second intake
harmless, and its digest shows whether the line is complete. Each process appends to a file of its
own. The intake renames a file first, under the lock that guards each write; a writer whose file was
renamed starts another. On a full disk, lines go to a preallocated reserve. spool_intake reads both.
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

from backoffice.durable import flush_folder
from billing.counting.clicks import Click
from billing.counting.preallocated import preallocate
from billing.counting.stream.numbers import Numbered
from billing.models import BlogView

RESERVE_SIZE = 4 * 1024 * 1024  # bytes: about 8,000 views on a full disk
RESERVE = "reserve.views"
WAITING, TAKEN = ".views", ".taken"
KEYS = ("reader_key", "previous_day_key", "address_key", "agent_key")
SIGNED_IN = {
    BlogView.Outcome.OWN_VIEW.value: BlogView.AUTHOR,
    BlogView.Outcome.STAFF_VIEW.value: BlogView.STAFF,
}

_names: dict[int, str] = {}  # of this process's file, by its number
_once = threading.Lock()


class SpooledView(NamedTuple):
    """A line of the spool, read back. `salt` names the salt of its keys.

    Views that were offered to a broker have a number.
    """

    click: Click
    salt: str
    numbered: Numbered | None = None


def keep_view(click: Click, *, salt: str, numbered: Numbered | None = None) -> None:
    """Write a view to the spool; on return it survives a power cut. Raises OSError."""
    line = write_line(click, salt, numbered)
    try:
        _append(settings.SPOOL_DIR / _own_file(), line)
    except OSError as error:
        try:
            _append_to_reserve(settings.SPOOL_DIR / RESERVE, line)
        except OSError:
            raise error from None


def write_line(click: Click, salt: str, numbered: Numbered | None = None) -> bytes:
    facts = click._asdict() | {"salt": salt}
    if numbered:
        facts |= {"numbered": numbered}
    facts |= {"id": click.id.hex, "viewed_at": click.viewed_at.isoformat()}
    facts |= {"day": click.day.isoformat()}
    facts |= {name: value.hex() for name in KEYS if (value := facts[name]) is not None}
    text = json.dumps(facts, separators=(",", ":")).encode()
    return _digest(text) + b" " + text + b"\n"


def read_line(line: bytes) -> SpooledView | None:
    """Return the view of a line, or None for a damaged line.

    Raises ValueError for a line that only another version of this application can read.
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
    salt, number = facts.pop("salt"), facts.pop("numbered", None)
    # A line of an earlier version says nothing of who was signed in.
    facts["excluded_by"] = facts["excluded_by"] or SIGNED_IN.get(facts["outcome"], "")
    return SpooledView(Click(**facts), salt, Numbered(*number) if number else None)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()


# Writing


def _own_file() -> str:
    """Return the name of this process's file. A forked process gets a new one."""
    process = os.getpid()
    if process not in _names:
        _names[process] = f"{process}-{secrets.token_hex(4)}{WAITING}"
    return _names[process]


def _append(path: Path, line: bytes) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    with _open_locked(path, flags) as descriptor:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # the line before broke off
        try:
            _write(descriptor, line)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        if not size:
            flush_folder(settings.SPOOL_DIR)


def _write(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "The line did not fit.")
    os.fsync(descriptor)


def _append_to_reserve(path: Path, line: bytes) -> None:
    """Overwrite the first zeros of the reserve, which needs no more room on the disk."""
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
    """Return where the zeros begin, by bisection. No line contains a zero byte."""
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
    """Open and lock the file of this name, and not one that was renamed meanwhile."""
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


# Getting ready, and handing over


def make_reserve() -> None:
    """Preallocate the reserve unless it exists. Raises OSError."""
    with _once:
        preallocate(settings.SPOOL_DIR / RESERVE, size=RESERVE_SIZE)


def claim_files() -> list[Path]:
    """Take the files with views from their writers, and return them, oldest first.

    The result includes files that an earlier run took and did not finish.
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
    """Return the files that may hold views: the writers' files and those being taken in."""
    return sorted([*_list(WAITING), *_list(TAKEN)])


def _list(suffix: str) -> list[Path]:
    """Return the files of a kind. Unlike Path.glob, raises OSError for an unreadable folder."""
    try:
        names = os.listdir(settings.SPOOL_DIR)
    except FileNotFoundError:
        return []  # the first writer makes it
    return [settings.SPOOL_DIR / name for name in names if name.endswith(suffix)]
