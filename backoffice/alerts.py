"""Mails to ADMINS about failures: one for each kind and period, however often it happens.

Each kind has a file that remembers its mails. Web workers and jobs share the files, which work
while the database is away. If the disk fails too, each process remembers on its own.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import OperationalError

from backoffice.mailing.server_errors import explain
from backoffice.mails import mail_admins
from backoffice.scrubbing import describe_exception, scrub

HOUR = dt.timedelta(hours=1)
AFTER_A_FAILED_MAIL = 5 * 60  # seconds before the next try
MAILS_AN_HOUR = 20
MOST_KINDS = 500
LONGEST_FILE = 4_000
EVERY_MAIL = "every mail"
KEPT_FOR = 400 * 24 * 60 * 60  # seconds

logger = logging.getLogger(__name__)

_last_told: dict[str, float] = {}  # of this process only
_sending = threading.local()


@dataclass
class Kind:
    """The state of one kind of failure."""

    source: str = ""  # the logger that reported it
    times: int = 0
    left_out: int = 0  # since the last mail
    told_at: float = 0  # 0: never
    try_after: float = 0  # a mail failed: not before this time


def was_told(kind: str) -> bool:
    """Return whether a mail about this kind was ever sent."""
    if kind in _last_told:
        return True
    with contextlib.suppress(OSError, ValueError):
        return json.loads(_path_of(kind).read_text())["told_at"] > 0
    return False


def count_failures() -> dict[str, int]:
    """Return {logger: number of errors that it reported on this machine}."""
    counts: dict[str, int] = {}
    for path in _folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            kind = json.loads(path.read_text())
            counts[kind["source"]] = counts.get(kind["source"], 0) + kind["times"]
    counts.pop("", None)
    return counts


class AlertHandler(logging.Handler):
    """Mails logged errors. A record may name its `kind`, and say `once` for a single mail ever.

    A mail that fails is one more line in the log, and tried again with a later error.
    """

    def emit(self, record):
        if getattr(_sending, "now", False):  # a failing mail must not send a mail about itself
            return
        if _was_told_by_the_job(record):
            return
        _sending.now = True
        try:
            self._tell(record)
        except Exception:  # logging must never fail
            self.handleError(record)
        finally:
            _sending.now = False

    def _tell(self, record):
        kind, now = _kind_of(record), time.time()
        with _open_kind(kind, source=record.name) as known:
            known.times += 1
            is_due = _is_due(kind, known, once=getattr(record, "once", False), at=now)
            if not is_due or not _is_within_the_hours_share(now):
                known.left_out += 1
                return
            left_out, told_at = known.left_out, known.told_at
            known.left_out, known.told_at = 0, now
        _last_told[kind] = now
        try:
            mail_admins(_subject_of(record), _body_of(record, left_out=left_out, since=told_at))
        except Exception as error:
            with _open_kind(kind, source=record.name) as known:
                known.told_at, known.left_out = told_at, left_out + 1
                known.try_after = now + AFTER_A_FAILED_MAIL
            _last_told.pop(kind, None)
            if not getattr(record, "no_mail_server", False):  # which says it already
                logger.warning("ADMINS could not be mailed about this: %s", explain(error))


def _was_told_by_the_job(record):
    """Return whether this is django-crontab's second error about a job that failed."""
    error = record.exc_info and record.exc_info[1]
    return record.name.startswith("django_crontab") and isinstance(error, SystemExit)


def _is_due(kind, known, *, once, at):
    if at < known.try_after:
        return False
    told_at = max(known.told_at, _last_told.get(kind, 0))
    if not told_at:
        return True
    period = dt.timedelta(
        seconds=abs(at - told_at)
    )  # a clock that was set back must not stop mails
    return not once and period >= HOUR


def _is_within_the_hours_share(at):
    """Return whether this hour has mails left, so that endless new kinds can't fill the mailbox."""
    with _open_kind(EVERY_MAIL, source="") as share:
        if abs(at - share.told_at) >= HOUR.total_seconds():
            share.told_at, share.left_out = at, 0
        share.left_out += 1
        return share.left_out <= MAILS_AN_HOUR


def _kind_of(record):
    if kind := getattr(record, "kind", ""):
        return kind
    error = record.exc_info and record.exc_info[1]
    if not error:
        return f"{record.name} {record.msg}"
    # If the database is away, every view fails at once.
    place = "" if isinstance(error, OperationalError) else _place_of(error)
    return f"{record.name} {type(error).__name__} {place}"


def _place_of(error):
    """Return the innermost line of our code: many errors arise in the same line of a library."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    return "".join(f"{frame.filename}:{frame.lineno}" for frame in (ours or frames)[-1:])


def _subject_of(record):
    first = _message_of(record).strip().partition("\n")[0]
    return f"{record.levelname.capitalize()}: {first}"


def _body_of(record, *, left_out, since):
    when = dt.datetime.fromtimestamp(record.created, dt.UTC)
    lines = [_message_of(record), "", f"When: {when:%Y-%m-%d %H:%M:%S} UTC", f"By: {record.name}"]
    for name in ("request_id", "user_id", "job"):
        if value := getattr(record, name, None):
            lines.append(f"{name.replace('_', ' ').capitalize()}: {value}")
    if record.exc_info and record.exc_info[1] is not None:
        lines += ["", describe_exception(record.exc_info[1], leaves=True)]
    if left_out:
        told = dt.datetime.fromtimestamp(since, dt.UTC)
        lines += ["", f"The same happened {left_out} times more since {told:%Y-%m-%d %H:%M} UTC."]
    lines += ["", "The same is told once an hour at most. The log has every time, and the rest."]
    return "\n".join(lines)


def _message_of(record):
    """Return the message. Libraries put values into theirs, so of those only the template."""
    is_known = record.name.split(".")[0] in {"backoffice", "billing", "weblog", "imprint", "django"}
    return scrub(record.getMessage() if is_known else str(record.msg))


# The files


def _folder() -> Path:
    return Path(settings.ALERTS_DIR)


def _path_of(kind):
    return _folder() / f"{hashlib.sha256(kind.encode()).hexdigest()[:32]}.json"


@contextlib.contextmanager
def _open_kind(kind: str, *, source: str) -> Iterator[Kind]:
    """Yield the state of a kind, and store its changes. It locks other processes out meanwhile."""
    known = Kind(source=source)
    try:
        descriptor = _open(kind)
    except OSError:
        yield known
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = _read(descriptor)
        known.source = known.source or source
        yield known
        _write(descriptor, known)
    finally:
        os.close(descriptor)


def _read(descriptor):
    try:
        return Kind(**json.loads(os.pread(descriptor, LONGEST_FILE, 0)))
    except (ValueError, TypeError):
        # It is new, or a full disk allowed the file but not its content: its time tells which.
        return Kind(told_at=os.fstat(descriptor).st_mtime)


def _write(descriptor, known):
    text = json.dumps(asdict(known)).encode()
    try:
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    except OSError:  # a full disk still takes its time
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.utime(descriptor, (known.told_at, known.told_at))


def _open(kind):
    path, flags = _path_of(kind), os.O_RDWR | os.O_NOFOLLOW
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_room()
    if len(list(_folder().iterdir())) >= MOST_KINDS:
        path = _path_of("more kinds than are told apart")
    _make_file(path)
    return os.open(path, flags)


def _make_file(path):
    """Make an empty file unless it exists. Its time is 0, which means never."""
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    try:
        os.utime(part, (0, 0))
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()


def _make_room():
    for path in _folder().glob("*.json"):
        with contextlib.suppress(OSError):
            if 0 < path.stat().st_mtime < time.time() - KEPT_FOR:
                path.unlink()
