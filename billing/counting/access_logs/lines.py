"""Picks readers' page requests out of the lines of an access log."""

import datetime as dt
import enum
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from django.conf import settings
from django.utils.text import slugify
from django.utils.timezone import make_aware

from billing.counting.access_logs.formats import LineReader
from billing.counting.access_logs.formats.entries import find_reader
from billing.counting.access_logs.keys import derive_key
from billing.counting.access_logs.patterns import FindSlug, compile_path_pattern
from billing.counting.access_logs.plain_lines import (
    HOST,
    MORE,
    PATH,
    SUCCESSFUL,
    USER_AGENT,
    match_plain,
    moment_of,
)
from weblog.slugs import fold_slug

SLUG = re.compile(r"[-a-zA-Z0-9_]*[a-zA-Z0-9][-a-zA-Z0-9_]*")  # may hold capitals
SCHEME_AND_HOST = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class Skipped(enum.StrEnum):
    """The reason why a line became no view."""

    REMARK = "remark"
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
    slugs: tuple[str, ...]  # which the blog may have, the likeliest first
    viewed_at: dt.datetime
    host: str
    user_agent: str


def make_reader(
    path_pattern: str, *, trusted_proxies: int = 0, key: bytes | None = None
) -> Callable[[bytes], Request | Skipped]:
    """Return the function that reads one line of a log after the other. Raises InvalidPathPattern.

    Make another for each reading of a log: a line may say what the lines after it hold.
    Another `key` makes new views of lines that were imported before, so importers pass the
    installation's key. The default is the key of installations without one of their own.
    """
    mac = hmac.new(key or derive_key(settings.SECRET_KEY), digestmod=hashlib.sha256)
    find_slug = compile_path_pattern(path_pattern)
    lines = LineReader()
    read_in_full = partial(
        _read_line, lines=lines, find_slug=find_slug, mac=mac, trusted_proxies=trusted_proxies
    )

    @lru_cache(maxsize=10_000)
    def find_slugs(path: bytes) -> tuple[str, ...]:
        return _find_slugs(find_slug, _decode_raw(path))

    def read_line(line: bytes) -> Request | Skipped:
        plain = None if lines.has_columns else match_plain(line)
        if plain is None:
            return read_in_full(line)
        path = plain[PATH]
        if path is None:
            return Skipped.NOT_A_SUCCESSFUL_GET
        slugs = find_slugs(path)
        if not slugs:
            return Skipped.NOT_A_PAGE
        if trusted_proxies and plain[MORE]:  # where an X-Forwarded-For list may stand
            return read_in_full(line)
        viewed_at = moment_of(plain)
        return Request(
            view_id=_make_view_id(line, viewed_at, mac),
            slugs=slugs,
            viewed_at=viewed_at,
            host=_decode_raw(plain[HOST]),
            user_agent=_decode_raw(plain[USER_AGENT]),
        )

    return read_line


def _decode_raw(text: bytes) -> str:
    return text.decode(errors="surrogateescape")


def _read_line(
    line: bytes, *, lines: LineReader, find_slug: FindSlug, mac: hmac.HMAC, trusted_proxies: int
) -> Request | Skipped:
    if lines.read_header(line):
        return Skipped.REMARK
    entry = lines.read_entry(line)
    if entry is None:
        return Skipped.MALFORMED
    method, _, rest = entry.request.partition(" ")
    if method != "GET" or entry.status not in SUCCESSFUL:
        return Skipped.NOT_A_SUCCESSFUL_GET
    target = rest.rpartition(" HTTP/")[0] or rest
    if not target.startswith("/"):
        target = SCHEME_AND_HOST.sub("", target, count=1)
    slugs = _find_slugs(find_slug, target.partition("?")[0].partition("#")[0])
    if not slugs:
        return Skipped.NOT_A_PAGE
    # A time without a zone stands in the id as it is written, so that no setting changes the id.
    is_local = entry.viewed_at.tzinfo is None
    stamp = entry.viewed_at.replace(tzinfo=dt.UTC) if is_local else entry.viewed_at
    return Request(
        view_id=_make_view_id(line, stamp, mac),
        slugs=slugs,
        viewed_at=make_aware(entry.viewed_at) if is_local else entry.viewed_at,
        host=find_reader(entry, trusted_proxies),
        user_agent=entry.user_agent,
    )


def _find_slugs(find_slug: FindSlug, path: str) -> tuple[str, ...]:
    """Return the slugs that a path may mean.

    Some browsers encode what others write plainly, so a path that fits no pattern as it is written
    is tried as it is meant.
    """
    part = find_slug(path)
    if not part and "%" in path:
        part = find_slug(_decode(path))
    return _slugs_of(part) if part else ()


def _decode(path: str) -> str:
    return normalize("NFC", unquote(path, errors="replace"))


@lru_cache(maxsize=10_000)
def _slugs_of(part: str) -> tuple[str, ...]:
    """Return the slugs of a blog's part of a path: decoded, folded, and as earlier
    releases read it, which took %41 for the letters 41."""
    decoded, plain = (text.replace("/", "-").replace(".", "-") for text in (_decode(part), part))
    exact = decoded if SLUG.fullmatch(decoded) else ""
    return tuple(dict.fromkeys(filter(None, (exact, fold_slug(decoded), slugify(plain)))))


def fold_slugs(slugs: Iterable[str]) -> set[str]:
    """Return the slugs in lower case: an address means the same blog in either."""
    return {slug.lower() for slug in slugs}


def _make_view_id(line: bytes, viewed_at: dt.datetime, mac: hmac.HMAC) -> uuid.UUID:
    """Return the fixed id of a line's view: its time, then 74 bits of HMAC (UUIDv8, RFC 9562)."""
    mac = mac.copy()
    mac.update(line)
    milliseconds = int(viewed_at.timestamp()) * 1000
    value = milliseconds << 80 | int.from_bytes(mac.digest()[:10])
    value = value & ~(0xF << 76) | 8 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
