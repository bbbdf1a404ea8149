"""Tells pages from all else in the plain lines of a log, without taking each line apart.

Nine of ten lines ask for a picture, a script or something that is not there. Of the format that
most servers write, one expression sorts them out; whatever it does not fit is read in full.
"""

import re
from functools import lru_cache

from billing.counting.access_logs.formats.entries import find_midnight

# The combined format without a backslash in its fields. Another format may begin with {, # or a
# byte order mark. 200 and 304 are what lines.SUCCESSFUL says.
PLAIN = re.compile(
    rb'(?![{#\xef])[^\s",]++ \S++ \S++ '
    rb"\[([0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}):(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    rb" ([+-][0-9]{4})\] "
    rb'"(?:GET (/[^"\\ ?#]*+)(?:[?#][^"\\ ]*+)? HTTP/[0-9.]++" (?:200|304)'
    rb'|(?!GET[ "])[^"\\]*+" [0-9]{3}'
    rb'|GET[^"\\]*+" (?!200|304)[0-9]{3})'
    rb' (?:[0-9]++|-) "[^"\\]*+" "[^"\\]*+"(?: .*+)?',
    re.DOTALL,
)


def find_plain_path(line: bytes) -> bytes | None:
    """Return the path of a successful GET, b"" for another request, None for: read it in full."""
    match = PLAIN.fullmatch(line)
    if match is None:
        return None
    date, offset, path = match.groups(b"")
    return path if _is_day(date, offset) else None


@lru_cache(maxsize=1000)
def _is_day(date: bytes, offset: bytes) -> bool:
    return find_midnight(date.decode(), offset.decode()) is not None
