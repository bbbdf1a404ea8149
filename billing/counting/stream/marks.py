"""The numbers that this process gave, in a file of its own that outlives a kill.

A number stands in the file before its view is sent, as one in hand, until the view is acknowledged
by the broker, the database or the spool. So the file of a dead process says which number was its
last, and for which views it was killed before any reader had the page. A living process holds a
lock on its file, which the system releases whatever it dies of. The file is not flushed: writing it
costs microseconds, and a power cut loses what the system had not written yet.
"""

import contextlib
import datetime as dt
import fcntl
import os
import secrets
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from billing.counting.preallocated import make_slot, preallocate, read_slots
from billing.counting.stream.numbers import Ranges, add_numbers

SUFFIX = ".sent"
DRAFT = ".sent-draft"
SLOT = 4096  # bytes; two of them take turns, so that a broken write leaves the one before
DAYS_KEPT = 35
MOST_IN_HAND = 100  # views; more are not sent, so that a slot always has room


class TooManyInHand(Exception):
    """So many views wait for the broker that the next one should not."""


@dataclass
class DayMark:
    """The numbers of a day: the last one given, and those in hand."""

    last: int = 0
    in_hand: set[int] = field(default_factory=set)
    given_up: Ranges = field(default_factory=list)  # nothing kept these views: they are lost


class Marks(NamedTuple):
    """The content of a writer's file."""

    writer: str
    days: dict[dt.date, DayMark]
    ended: bool
    path: Path


class Writer:
    """Gives the numbers of this process. Its name is used by no other process, ever."""

    def __init__(self) -> None:
        host = socket.gethostname()[:60]
        self.name = f"{host}-{os.getpid()}-{secrets.token_hex(6)}"
        self._lock = threading.Lock()
        self._days: dict[dt.date, DayMark] = {}
        self._writes = 1  # the first one leaves the slot that the file was made with
        self.descriptor = _make_file(self.name)

    def take_number(self, day: dt.date) -> int:
        """Return the next number of the day, which is in hand from now on. Raises OSError."""
        with self._lock:
            if sum(len(mark.in_hand) for mark in self._days.values()) >= MOST_IN_HAND:
                raise TooManyInHand
            mark = self._days.setdefault(day, DayMark())
            number = mark.last + 1
            mark.in_hand.add(number)
            mark.last = number
            self._forget_old_days()
            try:
                self._write()
            except OSError:
                mark.in_hand.discard(number)
                mark.last -= 1
                raise
            return number

    def settle(self, day: dt.date, number: int) -> None:
        """Note that the view is safe somewhere. Raises OSError."""
        with self._lock:
            self._days[day].in_hand.discard(number)
            self._write()

    def give_up(self, day: dt.date, number: int) -> None:
        """Note that nothing kept the view, so that its number is never acknowledged.

        Raises OSError; then the file still says that the number is in hand, which means the same.
        """
        with self._lock:
            mark = self._days[day]
            mark.in_hand.discard(number)
            mark.given_up = add_numbers(mark.given_up, [number])
            self._write()

    def _forget_old_days(self) -> None:
        for day in sorted(self._days)[:-DAYS_KEPT]:
            if not self._days[day].in_hand:
                del self._days[day]

    def _write(self) -> None:
        slot = _make_slot(self._writes, self._days)
        if os.pwrite(self.descriptor, slot, self._writes % 2 * SLOT) != SLOT:
            raise OSError("The numbers of this process could not be written.")
        self._writes += 1


def _make_slot(number: int, days: dict[dt.date, DayMark]) -> bytes:
    rows = [
        [day.isoformat(), mark.last, sorted(mark.in_hand), mark.given_up]
        for day, mark in days.items()
    ]
    return make_slot([number, rows], size=SLOT)


def _make_file(name: str) -> int:
    """Make the file of a writer, and return it open and locked. Raises OSError.

    It gets its name once it is locked: without a lock it would be taken for one of the dead.
    """
    draft = settings.SPOOL_DIR / f"{name}{DRAFT}"
    preallocate(draft, size=2 * SLOT, content=_make_slot(0, {}))
    descriptor = os.open(draft, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    draft.rename(draft.with_name(f"{name}{SUFFIX}"))
    return descriptor


# The writer of this process

_writer: Writer | None = None
_once = threading.Lock()


def own_writer() -> Writer:
    """Return the writer of this process; the first caller makes it. Raises OSError."""
    global _writer
    if _writer is None:
        with _once:
            _writer = _writer or Writer()
    return _writer


def forget_writer() -> None:
    """Let the next view make another writer: in a forked process, which must not count on."""
    global _writer, _once
    if _writer:
        with contextlib.suppress(OSError):
            os.close(_writer.descriptor)
    _writer, _once = None, threading.Lock()


os.register_at_fork(after_in_child=forget_writer)


# What was written


def read_marks() -> tuple[list[Marks], list[str]]:
    """Return what the writers of this machine have written, and what is wrong with other files.

    Raises OSError for a folder that can't be read.
    """
    try:
        names = sorted(os.listdir(settings.SPOOL_DIR))
    except FileNotFoundError:
        return [], []
    found, problems = [], []
    for path in (settings.SPOOL_DIR / name for name in names if name.endswith(SUFFIX)):
        try:
            found.append(_read_file(path))
        except FileNotFoundError:
            pass  # another fold was faster
        except OSError as error:
            problems.append(f"{path} can't be read ({error}). Give it back to this user: chown")
        except ValueError:
            problems.append(
                f"{path} is broken: what its web process sent is not known. Restart imprint-web, "
                f"and run: rm {path}"
            )
    return found, problems


def _read_file(path: Path) -> Marks:
    descriptor = os.open(path, os.O_RDWR)
    try:
        # The lock comes first: what is read after the death of a process is its last word.
        ended = _is_free(descriptor)
        return Marks(path.stem, _read_days(descriptor), ended, path)
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_days(descriptor: int) -> dict[dt.date, DayMark]:
    slots = read_slots(descriptor, size=SLOT)
    if not slots:
        raise ValueError("Both slots are broken.")
    _, rows = max(slots, key=lambda slot: slot[0])
    return {
        dt.date.fromisoformat(day): DayMark(last, set(hand), given_up)
        for day, last, hand, given_up in rows
    }
