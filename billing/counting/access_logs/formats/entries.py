"""What every format gives: the facts of a line, with its time."""

import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple

from backoffice.client_addresses import forwarded_address

# Not strptime's names, which follow the locale.
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

# A quote within a field is \" in Apache's logs, \x22 in nginx's.
FIELD = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
DATE = (
    r"(?P<date>[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2})"
    r":(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])"
)
TIME = DATE + r" (?P<offset>[+-][0-9]{4})"
_TIME = re.compile(TIME, re.ASCII)
_EPOCH = re.compile(r"(?P<seconds>[0-9]{9,10})(?:\.(?P<milliseconds>[0-9]{3}))?", re.ASCII)
_LONG_EPOCH = re.compile(
    r"(?P<seconds>[0-9]{10})"
    r"(?:\.(?P<part>[0-9]{1,9})|(?P<more>[0-9]{3}|[0-9]{6}|[0-9]{9})(?:\.[0-9]+)?)",
    re.ASCII,
)


class Entry(NamedTuple):
    """The facts of a line. `forwarded` is its X-Forwarded-For list, or "" without one.

    A `viewed_at` without a zone is local time: the line names none.
    """

    viewed_at: dt.datetime
    host: str
    forwarded: str
    request: str
    status: str
    user_agent: str


def find_reader(entry: Entry, trusted_proxies: int) -> str:
    """Return the address of the reader, as ClientAddressMiddleware finds it.

    Without proxies, it is the host that the web server saw.
    """
    return forwarded_address(entry.forwarded, trusted_proxies) or entry.host


def read_time(match: re.Match) -> dt.datetime | None:
    """Return the moment of a match of TIME."""
    midnight = find_midnight(match["date"], match["offset"])
    return midnight and midnight + _time_of_day(match)


def read_local_time(match: re.Match) -> dt.datetime | None:
    """Return the time of a match of DATE, without a zone."""
    midnight = find_midnight(match["date"], "+0000")
    return midnight and midnight.replace(tzinfo=None) + _time_of_day(match)


def _time_of_day(match: re.Match) -> dt.timedelta:
    return dt.timedelta(
        hours=int(match["hour"]), minutes=int(match["minute"]), seconds=int(match["second"])
    )


@lru_cache(maxsize=1000)
def find_midnight(date: str, offset: str) -> dt.datetime | None:
    """Return the start of the day 17/May/2015 at an offset such as +0200 in UTC, or None."""
    day, month, year = date.split("/")
    hours, minutes = int(offset[:3]), int(offset[0] + offset[3:])
    if abs(hours) > 14 or abs(minutes) > 59:
        return None
    try:
        midnight = dt.datetime(int(year), MONTHS.index(month) + 1, int(day), tzinfo=dt.UTC)
    except ValueError:
        return None
    return midnight - dt.timedelta(hours=hours, minutes=minutes)


def read_any_time(text: str) -> dt.datetime | None:
    """Return a moment of this century from the log's format, ISO 8601 or seconds."""
    if match := _TIME.fullmatch(text):
        return read_time(match)
    if match := _EPOCH.fullmatch(text):
        moment = dt.datetime.fromtimestamp(int(match["seconds"]), dt.UTC)
        moment += dt.timedelta(milliseconds=int(match["milliseconds"] or 0))
    else:
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            return None
    return moment_of_this_century(moment)


def read_long_time(text: str) -> dt.datetime | None:
    """Return the moment of read_any_time, or of seconds with any parts, as one number or two."""
    if match := _LONG_EPOCH.fullmatch(text):
        part = (match["part"] or match["more"]).ljust(6, "0")[:6]
        moment = dt.datetime.fromtimestamp(int(match["seconds"]), dt.UTC)
        return moment_of_this_century(moment + dt.timedelta(microseconds=int(part)))
    return read_any_time(text)


def moment_of_this_century(moment: dt.datetime) -> dt.datetime | None:
    is_known = moment.tzinfo is not None and 2000 <= moment.year < 2100
    return moment.astimezone(dt.UTC) if is_known else None
