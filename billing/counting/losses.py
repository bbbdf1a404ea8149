"""Lost views, counted on this machine by day and reason until the database has them.

The sums stand in a file of fixed size with preallocated room, because a full disk takes no other
writes. Two slots take turns, so a broken write leaves the previous sums. The sums only grow, and
the database stores the sums themselves, so reading them twice adds nothing. If even this file can't
be written, the loss stays in memory until the next write, and the log names it.
"""

import contextlib
import datetime as dt
import fcntl
import logging
import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from backoffice.mails import mail_admins
from billing.counting.preallocated import make_slot, preallocate, read_slots
from billing.models import LostViewTotal

logger = logging.getLogger(__name__)

SLOT = 32 * 1024  # bytes: hundreds of days
FILE = "losses"

Reason = LostViewTotal.Reason


class Losses(NamedTuple):
    """The content of the file. `name` differs for each machine and each new file."""

    name: str
    number: int  # of the last write
    sums: Counter  # {(day, reason): views}


_lock = threading.Lock()
_unwritten: Counter = Counter()


@contextlib.contextmanager
def note_lost_views(day: dt.date) -> Iterator[None]:
    """Count a view as lost if the block raises, and re-raise the error."""
    try:
        yield
    except Exception as error:
        is_disk = isinstance(error, OSError)
        note_loss(day=day, reason=Reason.NOT_KEPT if is_disk else Reason.PROGRAM_ERROR)
        raise


def note_loss(*, day: dt.date, reason: Reason, views: int = 1) -> None:
    """Count lost views. Never raises: the reader has the page already."""
    with _lock:
        _unwritten[day, reason.value] += views
        try:
            _write_sums()
        except (OSError, ValueError):
            logger.exception("Lost views can't be written down; they are in memory alone.")
    logger.critical("Lost: %s view of %s, since %s.", views, day, reason.label)


def read_losses() -> Losses | None:
    """Return the content of the file, or None without a file. Raises OSError."""
    path = settings.SPOOL_DIR / FILE
    if not path.exists():
        return None
    with _open_locked(path) as descriptor:
        return _read_sums(descriptor)


def count_unwritten() -> int:
    """Return the number of lost views that only this process's memory holds."""
    return _unwritten.total()


def mail_losses(new: list[str]) -> None:
    """Mail lines of new losses to ADMINS."""
    text = "\n".join(new)
    try:
        mail_admins(
            "Views were lost",
            "Nobody can bring these views back. The page Views explained lists them, and approvers "
            f"have to comment on them when they approve the batch.\n\n{text}\n",
        )
    except OSError:
        logger.exception("Nobody could be told of lost views: %s", text)


def make_losses_file() -> None:
    """Preallocate the file for the sums unless it exists. Raises OSError."""
    first = _write_slot(Losses(secrets.token_hex(8), 0, Counter()))
    preallocate(settings.SPOOL_DIR / FILE, size=2 * SLOT, content=first)


def _write_sums() -> None:
    make_losses_file()
    with _open_locked(settings.SPOOL_DIR / FILE) as descriptor:
        losses = _read_sums(descriptor)
        sums = losses.sums + _unwritten
        number = losses.number + 1
        slot = _write_slot(losses._replace(number=number, sums=sums))
        os.pwrite(descriptor, slot, (number % 2) * SLOT)
        os.fsync(descriptor)
    _unwritten.clear()


def _read_sums(descriptor: int) -> Losses:
    """Return the newer intact slot. Without one, return empty sums under a new name."""
    slots = read_slots(descriptor, size=SLOT)
    if not slots:
        return Losses(secrets.token_hex(8), 0, Counter())
    name, number, rows = max(slots, key=lambda slot: slot[1])
    sums = Counter({(dt.date.fromisoformat(day), reason): views for day, reason, views in rows})
    return Losses(name, number, sums)


def _write_slot(losses: Losses) -> bytes:
    rows = sorted([day.isoformat(), reason, n] for (day, reason), n in losses.sums.items())
    return make_slot([losses.name, losses.number, rows], size=SLOT)


@contextlib.contextmanager
def _open_locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
