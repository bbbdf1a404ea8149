"""Picks readers' page requests out of the lines of an access log."""

import datetime as dt
import enum
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from django.conf import settings
from django.utils.text import slugify

from billing.counting.access_logs.formats import find_reader, read_entry
from billing.counting.access_logs.keys import derive_key
from billing.counting.access_logs.patterns import FindSlug, compile_path_pattern

SUCCESSFUL = {"200", "304"}  # COUNTER Code of Practice 5.1, 7.1
SCHEME_AND_HOST = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class Skipped(enum.StrEnum):
    """The reason why a line became no view."""

    MALFORMED = "malformed"
    NOT_A_SUCCESSFUL_GET = "not a successful GET"
    NOT_A_PAGE = "not a page"
    UNKNOWN_BLOG = "unknown blog"
    NOT_PUBLISHED = "blog not published"
    IN_THE_FUTURE = "in the future"
    PAST_RETENTION = "past retention"
    ALREADY_IMPORTED = "already imported"


class Request(NamedTuple):
    """A reader's successful request for a page."""

    view_id: uuid.UUID
    slug: str
    viewed_at: dt.datetime
    host: str
    user_agent: str


def make_reader(
    path_pattern: str, *, trusted_proxies: int = 0, key: bytes | None = None
) -> Callable[[bytes], Request | Skipped]:
    """Return the function that reads one line of a log. Raises InvalidPathPattern.

    Another `key` makes new views of lines that were imported before, so importers pass the
    installation's key. The default is the key of installations without one of their own.
    """
    mac = hmac.new(key or derive_key(settings.SECRET_KEY), digestmod=hashlib.sha256)
    find_slug = compile_path_pattern(path_pattern)
    return partial(_read_line, find_slug=find_slug, mac=mac, trusted_proxies=trusted_proxies)


def _read_line(
    line: bytes, *, find_slug: FindSlug, mac: hmac.HMAC, trusted_proxies: int
) -> Request | Skipped:
    entry = read_entry(line)
    if entry is None:
        return Skipped.MALFORMED
    method, _, rest = entry.request.partition(" ")
    if method != "GET" or entry.status not in SUCCESSFUL:
        return Skipped.NOT_A_SUCCESSFUL_GET
    target = rest.rpartition(" HTTP/")[0] or rest
    if not target.startswith("/"):
        target = SCHEME_AND_HOST.sub("", target, count=1)
    slug = _slug_of(find_slug(target.partition("?")[0].partition("#")[0]))
    if not slug:
        return Skipped.NOT_A_PAGE
    return Request(
        view_id=_make_view_id(line, entry.viewed_at, mac),
        slug=slug,
        viewed_at=entry.viewed_at,
        host=find_reader(entry, trusted_proxies),
        user_agent=entry.user_agent,
    )


@lru_cache(maxsize=10_000)
def _slug_of(text: str) -> str:
    """Return a blog's slug from its part of a path."""
    return slugify(text.replace("/", "-").replace(".", "-"))


def _make_view_id(line: bytes, viewed_at: dt.datetime, mac: hmac.HMAC) -> uuid.UUID:
    """Return the fixed id of a line's view: its time, then 74 bits of HMAC (UUIDv8, RFC 9562)."""
    mac = mac.copy()
    mac.update(line)
    milliseconds = int(viewed_at.timestamp()) * 1000
    value = milliseconds << 80 | int.from_bytes(mac.digest()[:10])
    value = value & ~(0xF << 76) | 8 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
