"""Logs whose #Fields line names the columns: W3C Extended Log File Format, as IIS and CloudFront
write it (w3.org/TR/WD-logfile.html), and CloudFront's real-time fields.

IIS separates by spaces and writes + for a space within a field; CloudFront separates by tabs and
percent-encodes. Their times are UTC. The columns may change in the middle of a file.
"""

import datetime as dt
import re
from urllib.parse import unquote

from billing.counting.access_logs.formats.entries import Entry, read_long_time

QUOTED_OR_NOT = re.compile(r'"(?:[^"]|"")*"|[^ ]+')
PAGE_COLUMNS = ("cs-uri-stem", "cs-uri")
AGENT_COLUMNS = ("cs(user-agent)", "cs-user-agent")
FORWARDED_COLUMNS = ("x-forwarded-for", "cs(x-forwarded-for)", "c-x-forwarded-for")


class Columns:
    """The columns that the last #Fields line named."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._day = ""

    def read_header(self, text: str) -> None:
        """Take what a line that starts with # says of the lines after it."""
        name, _, rest = text.removeprefix("#").partition(":")
        if name.strip().lower() == "fields":
            self.names = rest.lower().split()
        elif name.strip().lower() == "date":
            self._day = rest.split()[0] if rest.split() else ""

    def read_line(self, text: str) -> Entry | None:
        """Return the facts of a line with these columns."""
        by_tabs = "\t" in text
        parts = text.split("\t") if by_tabs else text.split(" ")
        if len(parts) != len(self.names) and not by_tabs:
            parts = [_unquote(part) for part in QUOTED_OR_NOT.findall(text)]
        if len(parts) != len(self.names):
            return None
        values = dict(zip(self.names, parts, strict=True))
        page = _first(values, PAGE_COLUMNS)
        method, status, host = (_first(values, [it]) for it in ("cs-method", "sc-status", "c-ip"))
        viewed_at = self._find_time(values)
        if viewed_at is None or not (page and method and status and host):
            return None
        forwarded, agent = _first(values, FORWARDED_COLUMNS), _first(values, AGENT_COLUMNS)
        return Entry(
            viewed_at,
            host,
            unquote(forwarded.replace("+", " ")),
            f"{method} {page}",
            status,
            decode_agent(agent) if by_tabs else agent.replace("+", " "),
        )

    def _find_time(self, values: dict[str, str]) -> dt.datetime | None:
        if "timestamp" in values and "time" not in values:  # CloudFront's real-time logs
            return read_long_time(values["timestamp"])
        return read_long_time(f"{values.get('date', self._day)}T{values.get('time')}+00:00")


def _first(values: dict[str, str], names: tuple[str, ...] | list[str]) -> str:
    text = next((values[name] for name in names if name in values), "-")
    return "" if text == "-" else text


def _unquote(part: str) -> str:
    is_quoted = len(part) > 1 and part[0] == part[-1] == '"'
    return part[1:-1].replace('""', '"') if is_quoted else part


def decode_agent(text: str) -> str:
    """Return a percent-encoded user agent as it was sent. CloudFront encodes some twice."""
    once = unquote(text)
    return unquote(once) if "%20" in once else once
