"""Lines of load balancers, stores and proxies that have a format of their own, and LTSV."""

import re

from billing.counting.access_logs.formats.entries import (
    DATE,
    FIELD,
    TIME,
    Entry,
    read_local_time,
    read_long_time,
    read_time,
)

# AWS, Application and Classic Load Balancers: load-balancer-access-logs.html and
# access-log-collection.html, “Syntax”. The time is that of the answer.
BALANCER = re.compile(
    r"(?:(?:https?|h2|grpcs?|wss?) )?(?P<time>20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z) [^ ]+ "
    r"(?P<host>[^ ]+) [^ ]+ [0-9.-]+ [0-9.-]+ [0-9.-]+ (?P<status>[0-9]{3}|-) (?:[0-9]{3}|-) "
    rf'[0-9]+ [0-9]+ "(?P<request>{FIELD})" "(?P<user_agent>{FIELD})"(?: .*)?',
    re.ASCII | re.DOTALL,
)
# AWS S3, server access logs: LogFormat.html.
STORE = re.compile(
    rf"[^ ]+ [^ ]+ \[{TIME}\] (?P<host>[^ ]+) [^ ]+ [^ ]+ [A-Z]+(?:\.[A-Z_]+)+ [^ ]+ "
    rf'"(?P<request>{FIELD})" (?P<status>[0-9]{{3}}) [^ ]+ [0-9-]+ [0-9-]+ [0-9-]+ [0-9-]+ '
    rf'"{FIELD}" "(?P<user_agent>{FIELD})"(?: .*)?',
    re.ASCII | re.DOTALL,
)
# HAProxy, “option httplog” and “httpslog”: configuration manual, 8.2.3. The time is local. The
# user agent is there if the configuration captures it, among the headers in braces.
HAPROXY = re.compile(
    rf"(?P<host>[^ ]+):[0-9]+ \[{DATE}(?:\.[0-9]{{1,6}})?\] [^ ]+ [^ ]+ [0-9/+-]+ "
    r"(?P<status>[0-9]{3}|-1) \+?[0-9]+ [^ ]+ [^ ]+ [^ ]{4} [0-9/+-]+ [0-9/+-]+ "
    rf'(?:\{{(?P<captured>[^{{}}]*)\}} )?(?:\{{[^{{}}]*\}} )?"(?P<request>{FIELD})"(?: .*)?',
    re.ASCII | re.DOTALL,
)
AGENT = re.compile(r"(?:Mozilla|Opera)/|[A-Za-z][A-Za-z0-9._-]*/[0-9]")
# Envoy's default, and Istio's: access_log/usage, “Default format string”.
ENVOY = re.compile(
    rf'\[(?P<time>20[0-9]{{2}}-[^ \]]+)\] "(?P<request>{FIELD})" (?P<status>[0-9]{{1,3}}) '
    rf'(?:[^" ]+ |"{FIELD}" ){{2,9}}?"(?P<forwarded>{FIELD})" "(?P<user_agent>{FIELD})" '
    rf'"{FIELD}" "{FIELD}" "{FIELD}"(?: [^ ]+ [^ ]+ [^ ]+ (?P<peer>[^ "]+:[0-9]+)(?: .*)?)?',
    re.ASCII | re.DOTALL,
)
# Bunny CDN, “Logging API v1”: docs.bunny.net/cdn/logging. It names no method. An address that it
# was told to drop is no reader's.
BUNNY = re.compile(
    r"[A-Z]+\|(?P<status>[0-9]{3})\|(?P<time>[0-9]{13})\|[0-9]+\|[0-9]+\|(?P<host>[0-9A-Fa-f.:]+)"
    r"\|[^|]*\|(?P<url>https?://[^|]+)\|[A-Z0-9-]*\|(?P<user_agent>.*)\|[0-9a-f]{32}\|[A-Z-]{0,4}",
    re.ASCII | re.DOTALL,
)
DROPPED = {"0.0.0.0", "::"}  # noqa: S104 (compared, not bound)
# Labels of ltsv.org, “Recommended labels”.
LABELS = ("time", "host", "forwardedfor", "req", "method", "uri", "status", "ua")


def read_balancer(text: str) -> Entry | None:
    match = BALANCER.fullmatch(text)
    return match and _make_entry(match, read_long_time(match["time"]), match["host"])


def read_store(text: str) -> Entry | None:
    match = STORE.fullmatch(text)
    return match and _make_entry(match, read_time(match), match["host"])


def read_haproxy(text: str) -> Entry | None:
    match = HAPROXY.fullmatch(text)
    viewed_at = match and read_local_time(match)
    if not match or not viewed_at:
        return None
    captured = (match["captured"] or "").split("|")
    agent = next((text for text in captured if AGENT.match(text)), "")
    return Entry(viewed_at, match["host"], "", match["request"], match["status"], agent)


def read_envoy(text: str) -> Entry | None:
    match = ENVOY.fullmatch(text)
    if not match:
        return None
    forwarded = "" if match["forwarded"] == "-" else match["forwarded"]
    host = match["peer"] or forwarded.rpartition(",")[2].strip()
    return _make_entry(match, read_long_time(match["time"]), host, forwarded)


def read_bunny(text: str) -> Entry | None:
    match = BUNNY.fullmatch(text)
    viewed_at = match and read_long_time(match["time"])
    if not match or not viewed_at or match["host"] in DROPPED:
        return None
    agent = "" if match["user_agent"] == "-" else match["user_agent"]
    return Entry(viewed_at, match["host"], "", f"GET {match['url']}", match["status"], agent)


def read_labels(text: str) -> Entry | None:
    if "\t" not in text:
        return None
    pairs = dict(part.partition(":")[::2] for part in text.split("\t"))
    values = {label: pairs.get(label, "") for label in LABELS}
    viewed_at = read_long_time(values["time"].strip("[]"))
    request = values["req"] or f"{values['method']} {values['uri']}".strip()
    if not (viewed_at and values["host"] and values["status"] and request):
        return None
    forwarded = values["forwardedfor"]
    return Entry(viewed_at, values["host"], forwarded, request, values["status"], values["ua"])


def _make_entry(match: re.Match, viewed_at, host: str, forwarded: str = "") -> Entry | None:
    if viewed_at is None or host in ("", "-"):
        return None
    agent = match["user_agent"]
    return Entry(viewed_at, host, forwarded, match["request"], match["status"], agent)
