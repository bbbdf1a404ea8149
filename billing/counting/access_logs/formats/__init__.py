"""The formats of access logs. Each line is told apart by itself, so a file may hold several.

LineReader tries them in a fixed order: what an earlier release read is read by the same code first,
because the time of a line is part of its view's id.
"""

import re

from billing.counting.access_logs.formats.columns import Columns
from billing.counting.access_logs.formats.combined import (
    read_combined,
    read_combined_by_long_time,
)
from billing.counting.access_logs.formats.entries import Entry
from billing.counting.access_logs.formats.json_lines import read_console, read_json
from billing.counting.access_logs.formats.proxies import (
    read_balancer,
    read_bunny,
    read_envoy,
    read_haproxy,
    read_labels,
    read_store,
)

KNOWN = (
    "the combined and common formats of Apache, nginx, LiteSpeed, lighttpd, Varnish and Traefik, "
    "also with a virtual host or an X-Forwarded-For list before them; JSON lines of nginx, Caddy, "
    "Traefik, Envoy, Akamai, Cloudflare, Fastly, Azure, Google and CloudFront; W3C logs of IIS and "
    "CloudFront with their #Fields line; AWS load balancers and S3; HAProxy's httplog; Envoy's and "
    "Istio's text; Bunny CDN; LTSV"
)

OTHERS = (
    read_balancer,
    read_haproxy,
    read_envoy,
    read_store,
    read_labels,
    read_bunny,
    read_console,
    read_combined_by_long_time,
)

# What gathers logs writes before each line: containerd, syslog (RFC 3164, also after ISO times, and
# RFC 5424), Docker Compose, kubectl.
PREFIX = re.compile(
    r"20[0-9]{2}-[^ ]+ (?:stdout|stderr) [FP] "
    r"|(?:<[0-9]{1,3}>)?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|20[0-9]{2}-[0-9]{2}-[0-9]{2}T[^ ]+)"
    r" (?:[^ ]+ )?[^ \[\]:\"]+(?:\[[0-9]+\])?: +"  # HAProxy names no host
    r"|<[0-9]{1,3}>1 (?:[^ ]+ ){5}(?:-|\[[^\]]*\]) "
    r"|[A-Za-z0-9_.-]+ +\| +"
    r"|\[pod/[^ \]]+\] ",
    re.ASCII,
)
MOST_PREFIXES = 3  # one program may wrap what another wrapped


class LineReader:
    """Reads the lines of one log, from its first: a W3C log says there what its columns are."""

    def __init__(self) -> None:
        self._columns = Columns()

    @property
    def has_columns(self) -> bool:
        """Return whether a header named the columns of the lines after it."""
        return bool(self._columns.names)

    def read_entry(self, line: bytes) -> Entry | None:
        """Return the facts of a line, or None for an unknown format."""
        return self._read(line.decode(errors="surrogateescape"), MOST_PREFIXES)

    def read_header(self, line: bytes) -> bool:
        """Return whether a line is a remark, and take what it says of the columns."""
        if not line.startswith((b"#", b"\xef\xbb\xbf#")):
            return False
        self._columns.read_header(line.decode("utf-8-sig", errors="replace"))
        return True

    def _read(self, text: str, prefixes: int) -> Entry | None:
        if self._columns.names and (entry := self._columns.read_line(text)):
            return entry
        if text.startswith("{"):
            found = read_json(text)
            return self._unwrap(found, prefixes) if isinstance(found, str) else found
        if entry := read_combined(text):
            return entry
        for read in OTHERS:
            if entry := read(text):
                return entry
        if match := PREFIX.match(text):
            return self._unwrap(text[match.end() :], prefixes)
        if len(text) > 1 and text[0] == text[-1] == '"':  # LiteSpeed puts whole lines in quotes
            return self._unwrap(text[1:-1], prefixes)
        return None

    def _unwrap(self, text: str, prefixes: int) -> Entry | None:
        return self._read(text.rstrip("\r\n"), prefixes - 1) if prefixes else None
