"""Lines of an access log in Apache's and nginx's "combined" format, and what they say."""

import contextlib
import datetime as dt
import enum
import gzip
import hmac
import re
import uuid
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.utils.crypto import salted_hmac
from django.utils.text import slugify

from billing.errors import InvalidPathPattern, UnreadableAccessLog
from billing.models import AccessLogImport

OWN_PAGES = r"^/blogs/(?P<slug>[-a-zA-Z0-9_]+)/$"

LONGEST_LINE = 65_536  # bytes; nothing that a web server writes comes near
SUCCESSFUL = {"200", "304"}  # COUNTER Code of Practice 5.1, 7.1
# Not strptime's names, which follow the locale.
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

# A quote within a field is \" in Apache's logs, \x22 in nginx's. Fields after the user agent are
# somebody's own addition.
_FIELD = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
LINE = re.compile(
    r"(?P<host>\S+) \S+ \S+ "
    r"\[(?P<date>[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2})"
    r":(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])"
    r" (?P<offset>[+-][0-9]{4})\] "
    rf'"(?P<request>{_FIELD})" (?P<status>[0-9]{{3}}) (?:[0-9]+|-) '
    rf'"{_FIELD}" "(?P<user_agent>{_FIELD})"'
    r"(?: .*)?",
    re.ASCII | re.DOTALL,
)
SCHEME_AND_HOST = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class Skipped(enum.StrEnum):
    """Why a line became no view."""

    MALFORMED = "malformed"
    NOT_A_SUCCESSFUL_GET = "not a successful GET"
    NOT_A_PAGE = "not a page"
    UNKNOWN_BLOG = "unknown blog"
    NOT_PUBLISHED = "blog not published"
    IN_THE_FUTURE = "in the future"
    ALREADY_IMPORTED = "already imported"


class Request(NamedTuple):
    """A reader's successful request for a page."""

    view_id: uuid.UUID
    slug: str
    viewed_at: dt.datetime
    host: str
    user_agent: str


@contextlib.contextmanager
def open_access_log(path: Path) -> Iterator[BinaryIO]:
    """Open a plain or gzip file, told by its first bytes. Raises UnreadableAccessLog."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableAccessLog(f"{path} can't be read: {error.strerror}.") from error
    with file:
        is_gzip = file.peek(2)[:2] == b"\x1f\x8b"
        if path.suffix == ".gz" and not is_gzip:
            raise UnreadableAccessLog(f"{path} is called .gz, but it is no gzip file.")
        yield gzip.GzipFile(fileobj=file) if is_gzip else file


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines without their ends; one longer than LONGEST_LINE comes as an empty one.

    Raises UnreadableAccessLog.
    """
    try:
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE)
                line = b""
            yield line.rstrip(b"\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableAccessLog(
            f"The file breaks off or is damaged: {error}. Import it again once it is whole: "
            "nothing is counted twice."
        ) from error


def make_reader(path_pattern: str) -> Callable[[bytes], Request | Skipped]:
    """Return the function that reads one line of a log. Raises InvalidPathPattern."""
    # Without settings.SECRET_KEY nobody can try addresses until one fits the id of a view. With
    # another SECRET_KEY, the lines that were imported before are new ones.
    mac = salted_hmac("billing.log_lines.view_id", b"", algorithm="sha256")
    return partial(_read_line, pages=_compile(path_pattern), mac=mac)


def _compile(path_pattern: str) -> re.Pattern:
    example = r"Write one like ^/blog/(?P<slug>[^/]+)\.html$"
    longest = AccessLogImport._meta.get_field("path_pattern").max_length
    if len(path_pattern) > longest:
        raise InvalidPathPattern(f"The path pattern is longer than {longest} characters.")
    try:
        pattern = re.compile(path_pattern)
    except re.error as error:
        raise InvalidPathPattern(
            f"“{path_pattern}” is no regular expression: {error}. {example}"
        ) from None
    if "slug" not in pattern.groupindex:
        raise InvalidPathPattern(f"“{path_pattern}” has no group named slug. {example}")
    return pattern


def _read_line(line: bytes, *, pages: re.Pattern, mac: hmac.HMAC) -> Request | Skipped:
    match = LINE.fullmatch(line.decode(errors="surrogateescape"))
    midnight = match and _midnight(match["date"], match["offset"])
    if not midnight:
        return Skipped.MALFORMED
    method, _, rest = match["request"].partition(" ")
    if method != "GET" or match["status"] not in SUCCESSFUL:
        return Skipped.NOT_A_SUCCESSFUL_GET
    target = rest.rpartition(" HTTP/")[0] or rest
    if not target.startswith("/"):
        target = SCHEME_AND_HOST.sub("", target, count=1)
    page = pages.search(target.partition("?")[0].partition("#")[0])
    slug = page and _slug_of(page["slug"])
    if not slug:
        return Skipped.NOT_A_PAGE
    viewed_at = midnight + dt.timedelta(
        hours=int(match["hour"]), minutes=int(match["minute"]), seconds=int(match["second"])
    )
    return Request(
        view_id=_make_view_id(line, viewed_at, mac),
        slug=slug,
        viewed_at=viewed_at,
        host=match["host"],
        user_agent=match["user_agent"],
    )


@lru_cache(maxsize=1000)
def _midnight(date: str, offset: str) -> dt.datetime | None:
    """Return the start of a day such as 17/May/2015 at an offset such as +0200, in UTC, if any."""
    day, month, year = date.split("/")
    hours, minutes = int(offset[:3]), int(offset[0] + offset[3:])
    if abs(hours) > 14 or abs(minutes) > 59:
        return None
    try:
        midnight = dt.datetime(int(year), MONTHS.index(month) + 1, int(day), tzinfo=dt.UTC)
    except ValueError:
        return None
    return midnight - dt.timedelta(hours=hours, minutes=minutes)


@lru_cache(maxsize=10_000)
def _slug_of(text: str | None) -> str:
    """Return the slug of a blog from the part of a path that names it."""
    return slugify((text or "").replace("/", "-").replace(".", "-"))


def _make_view_id(line: bytes, viewed_at: dt.datetime, mac: hmac.HMAC) -> uuid.UUID:
    """Return the one id of a line's view: its time, then 74 bits of HMAC (UUIDv8, RFC 9562)."""
    mac = mac.copy()
    mac.update(line)
    milliseconds = int(viewed_at.timestamp()) * 1000
    value = milliseconds << 80 | int.from_bytes(mac.digest()[:10])
    value = value & ~(0xF << 76) | 8 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
