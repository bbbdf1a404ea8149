"""Reads the plain lines of a log by one expression on bytes.

Nine of ten lines ask for a picture, a script or something that is not there, and nearly all are in
the format that most servers write. Whatever the expression does not fit is read in full.
"""

import datetime as dt
import re
from functools import lru_cache

from billing.counting.access_logs.formats.entries import find_midnight

SUCCESSFUL = ("200", "304")  # COUNTER Code of Practice 5.1, 7.1

# The combined format without a backslash in its fields. Another format may begin with {, # or a
# byte order mark.
PLAIN = re.compile(
    rb'(?![{#\xef])([^\s",]++) \S++ \S++ '
    rb"\[([0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}):((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    rb" ([+-][0-9]{4})\] "
    rb'"(?:GET (/[^"\\ ?#]*+)(?:[?#][^"\\ ]*+)? HTTP/[0-9.]++" (?:%(ok)s)'
    rb'|(?!GET[ "])[^"\\]*+" [0-9]{3}'
    rb'|GET[^"\\]*+" (?!%(ok)s)[0-9]{3})'
    rb' (?:[0-9]++|-) "[^"\\]*+" "([^"\\]*+)"( .*+)?' % {b"ok": "|".join(SUCCESSFUL).encode()},
    re.DOTALL,
)


# The groups of PLAIN.
HOST, DATE, TIME, OFFSET, PATH, USER_AGENT, MORE = range(1, 8)


def match_plain(line: bytes) -> re.Match[bytes] | None:
    """Return the match of a line, without PATH if no successful GET; None: read it in full."""
    match = PLAIN.fullmatch(line)
    return match if match and _find_midnight(match[DATE], match[OFFSET]) else None


def moment_of(match: re.Match[bytes]) -> dt.datetime:
    """Return the moment of a line that match_plain returned, in UTC."""
    midnight = _find_midnight(match[DATE], match[OFFSET])
    assert midnight is not None  # noqa: S101 (match_plain saw to it)
    time = match[TIME]
    seconds = int(time[:2]) * 3600 + int(time[3:5]) * 60 + int(time[6:])
    return midnight + dt.timedelta(seconds=seconds)


@lru_cache(maxsize=1000)
def _find_midnight(date: bytes, offset: bytes) -> dt.datetime | None:
    return find_midnight(date.decode(), offset.decode())
