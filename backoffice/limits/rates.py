"""Limits how often somebody may use costly pages: sign-in, search, import, export.

Counted by account, and by address where nobody is signed in; an IPv6 address is its network. The
counts are in a small file beside the database that all workers of the machine share. Several
machines count together in the cache "shared" (CACHE_URL), and without it each for itself. A count
stands under an HMAC of page, person and minute or hour.
The file holds no address, and nobody can link two counts to one reader.

A request over the limit gets 429, which is no view. If the file can't be written, or the cache is
away, nobody is limited, and the log says so.
"""

import contextlib
import fnmatch
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from backoffice.accounts.throttle import name_address
from backoffice.limits.refusals import refuse

logger = logging.getLogger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 60 * 60}
WORDS = {"s": "second", "m": "minute", "h": "hour"}
SECONDS_FOR_A_LOCK = 0.2

BUSY = (sqlite3.OperationalError, sqlite3.ProgrammingError)

TABLE = """
CREATE TABLE IF NOT EXISTS asked
(key BLOB PRIMARY KEY, asked INTEGER, ends_at INTEGER) WITHOUT ROWID
"""
COUNT = """
INSERT INTO asked (key, asked, ends_at) VALUES (?, 1, ?)
ON CONFLICT (key) DO UPDATE SET asked = asked + 1 RETURNING asked
"""


class Rate(NamedTuple):
    """The limit of requests for some pages."""

    what: str  # a key of settings.RATE_LIMITS
    pages: tuple[str, ...]  # patterns of view names
    methods: tuple[str, ...] = ("GET", "POST")
    parameter: str = ""  # counted only where the address has it
    by_address: bool = False  # even of who is signed in, who need not be looked up
    takes_files: bool = False  # and every page that takes files, whatever its name


RATES = [
    Rate("SIGN_IN", ("admin:login", "mfa_authenticate"), methods=("POST",), by_address=True),
    Rate("SIGN_IN", ("password_reset", "password_reset_confirm"), ("POST",), by_address=True),
    Rate("READER_SEARCH", ("weblog:search",), parameter="q", by_address=True),
    Rate("SEARCH", ("admin:*_changelist",), parameter="q"),
    Rate("SEARCH", ("admin:search", "admin:autocomplete", "admin:*_authors", "admin:*_library")),
    Rate("IMPORT", ("admin:*_results", "admin:*_picture_fetch"), ("POST",), takes_files=True),
    Rate("EXPORT", ("admin:*_export", "admin:*_download", "admin:*_verify"), ("POST",)),
    Rate("EXPORT", ("admin:*_extract",), ("POST",)),
    Rate("EXPORT", ("admin:*_pack", "admin:*_download"), ("GET",)),
]


class RateLimitMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        for rate in RATES:
            if _is_about(rate, request, view):
                most, unit = parse_limit(settings.RATE_LIMITS[rate.what])
                if most and ask(rate.what, _name_asker(request, rate), unit=unit) > most:
                    return _refuse(request, rate, most=most, unit=unit)
        return None


def parse_limit(text: str) -> tuple[int, str]:
    """Return (60, "m") of “60/m”; (0, "s") of an empty text, which is no limit."""
    if not text:
        return 0, "s"
    number, _, unit = text.partition("/")
    if not number.isdecimal() or unit not in SECONDS:
        raise ValueError(f"A rate reads like 60/m, with s, m or h, not “{text}”.")
    return int(number), unit


def ask(what: str, who: str, *, unit: str, at: float | None = None) -> int:
    """Count a request, and return the number in this second, minute or hour."""
    window = int((at or time.time()) // SECONDS[unit])
    asked = f"{what} {who} {unit} {window}"
    key = salted_hmac("backoffice.limits.rates", asked, algorithm="sha256").digest()
    ends_at = (window + 1) * SECONDS[unit]
    if "shared" in settings.CACHES:
        return _count_together(key, ends_at=ends_at)
    try:
        return _count(key, ends_at=ends_at)
    except (sqlite3.Error, OSError) as error:
        logger.warning("Nobody is limited: %s can't be written: %s", settings.RATES_FILE, error)
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, BUSY):
            settings.RATES_FILE.unlink(missing_ok=True)  # damaged: begin again
        return 0


def _count_together(key: bytes, *, ends_at: int) -> int:
    cache, name = caches["shared"], f"rate-{key.hex()}"
    try:
        cache.add(name, 0, timeout=max(1, ends_at - int(time.time())))
        return cache.incr(name)
    except ValueError:  # its time ended between the two
        return 1
    except Exception as error:
        logger.warning("Nobody is limited: the shared cache does not answer: %s", error)
        return 0


def _count(key: bytes, *, ends_at: int) -> int:
    if not settings.RATES_FILE.exists():
        _make_file()
    with contextlib.closing(_open(settings.RATES_FILE)) as file:
        file.execute("PRAGMA synchronous=OFF")  # a power cut may lose counts
        file.execute(TABLE)
        (asked,) = file.execute(COUNT, (key, ends_at)).fetchone()
        if asked == 1:
            file.execute("DELETE FROM asked WHERE ends_at < ?", (int(time.time()),))
        return asked


def _make_file() -> None:
    """Put a file in place with its journal chosen: SQLite waits for nobody in that."""
    settings.RATES_FILE.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.RATES_FILE.parent) as folder:
        made = Path(folder) / "new"
        with contextlib.closing(_open(made)) as file:
            made.chmod(0o600)
            file.execute("PRAGMA journal_mode=WAL")
            file.execute(TABLE)
        with contextlib.suppress(FileExistsError):  # another worker was first
            os.link(made, settings.RATES_FILE)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=SECONDS_FOR_A_LOCK, isolation_level=None)


def _is_about(rate: Rate, request: HttpRequest, view: Callable) -> bool:
    name = (request.resolver_match and request.resolver_match.view_name) or ""
    return (
        request.method in rate.methods
        and (not rate.parameter or bool(request.GET.get(rate.parameter)))
        and (
            (rate.takes_files and hasattr(view, "takes"))  # see backoffice.bodies
            or any(fnmatch.fnmatchcase(name, pattern) for pattern in rate.pages)
        )
    )


def _name_asker(request: HttpRequest, rate: Rate) -> str:
    if not rate.by_address and request.user.is_authenticated:
        return f"account {request.user.pk}"
    return f"address {name_address(request)}"


def _refuse(request, rate, *, most, unit):
    logger.warning("Asked too often: %s", request.resolver_match.view_name)
    left = SECONDS[unit] - int(time.time()) % SECONDS[unit]
    return refuse(
        request,
        status=429,
        title="That was a little fast",
        text=f"This can be done {most} times a {WORDS[unit]} from one account or address, so that "
        f"it stays quick for everybody. Wait {_describe(left)}, and try again.",
        retry_after=left,
    )


def _describe(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"
