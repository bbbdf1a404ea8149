"""Lines of JSON: nginx's, then those of other servers and services, by their values' names."""

import datetime as dt
import json
import re

from billing.counting.access_logs.formats.columns import decode_agent
from billing.counting.access_logs.formats.entries import Entry, read_any_time, read_long_time

# Caddy's “wall” times are in UTC; its console, its default on a screen, puts them before.
WALL = re.compile(r"(20[0-9]{2})/([0-9]{2})/([0-9]{2}) ([0-9:]{8}(?:\.[0-9]{1,9})?)", re.ASCII)
CONSOLE = re.compile(
    rf"(?P<time>{WALL.pattern})\t[^\t]+\thttp\.log\.access[^\t]*\t[^\t]*\t\{{(?P<rest>.*)",
    re.DOTALL,
)
NGINX_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})")

# nginx's names for its values, then the names from widely copied configurations.
NGINX_KEYS = {
    "host": ["remote_addr", "remote_ip", "client_ip", "clientip"],
    "forwarded": ["http_x_forwarded_for", "x_forwarded_for"],
    "time": ["msec", "time_iso8601", "time_local", "time", "timestamp", "@timestamp"],
    "request": ["request"],
    "method": ["request_method", "method"],
    "uri": ["request_uri", "uri"],
    "status": ["status", "response"],
    "user_agent": ["http_user_agent", "user_agent", "agent"],
}

# The names of the others, in lower case; a dot leads into an object. Their documentation:
# caddyserver.com/docs/logging, doc.traefik.io/traefik/observe/logs-and-access-logs,
# envoyproxy.io access_log/usage with Istio's default, developers.cloudflare.com/logs/logpush
# (http_requests), fastly.com/documentation custom log formats, learn.microsoft.com
# frontdoor/monitor-front-door and application-gateway monitor reference, CloudFront standard
# logging v2, cloud.google.com LogEntry HttpRequest, elastic.co Common Schema, vercel.com drains,
# techdocs.akamai.com datastream2 data-set-parameters, learn.microsoft.com AppServiceHTTPLogs.
OTHER_KEYS = {
    "host": [
        *("request.client_ip", "request.remote_ip", "request.remote_addr"),  # Caddy 2.5 and before
        *("clienthost", "clientaddr"),  # Traefik
        "downstream_remote_address",  # Envoy
        *("c-ip", "properties.socketip", "properties.clientip", "httprequest.remoteip"),
        *("cliip", "properties.cip"),  # Akamai, Azure's App Service
        *("client.ip", "client.address", "source.ip", "source.address", "proxy.clientip"),
        *("remote_addr", "remote_ip", "client_ip", "clientip", "remote_host", "remotehost"),
        *("remoteip", "remoteaddr", "client_addr", "client", "ip"),
    ],
    "forwarded": [
        *("request.headers.x-forwarded-for", "request_x-forwarded-for", "http_x_forwarded_for"),
        *("x_forwarded_for", "x-forwarded-for", "xforwardedfor", "forwardedfor", "xff"),
    ],
    "time": [
        *(
            "ts",
            "startutc",
            "startlocal",
            "reqtimesec",
            "start_time",
            "edgestarttimestamp",
            "properties.timestamp",
        ),
        *("httprequest.timestamp", "proxy.timestamp", "msec", "time_iso8601", "time_local"),
        *("@timestamp", "timestamp", "time", "datetime", "starttime", "timestamp(ms)"),
    ],
    "request": ["request", "request_line", "requestline", "req"],
    "method": [
        *("request.method", "requestmethod", "clientrequestmethod", "cs-method"),
        *("properties.httpmethod", "httprequest.requestmethod", "http.request.method"),
        *("reqmethod", "properties.csmethod"),
        *("proxy.method", "request_method", "http_method", "httpmethod", "method", "verb"),
    ],
    "uri": [
        *("request.uri", "requestpath", "clientrequesturi", "clientrequestpath", "cs-uri-stem"),
        *("properties.requesturi", "httprequest.requesturl", "url.original", "url.path"),
        *("reqpath", "properties.csuristem"),
        *("proxy.path", "request_uri", "requesturi", "requesturl", "uri", "url", "path"),
    ],
    "status": [
        *("downstreamstatus", "edgeresponsestatus", "sc-status", "properties.httpstatuscode"),
        *("properties.httpstatus", "httprequest.status", "http.response.status_code"),
        *("response_code", "response_status", "proxy.statuscode", "status_code", "statuscode"),
        *("responsestatus", "properties.scstatus", "status", "response"),
    ],
    "user_agent": [
        *("request.headers.user-agent", "request_user-agent", "clientrequestuseragent"),
        *("cs(user-agent)", "cs-user-agent", "properties.useragent", "httprequest.useragent"),
        *("user_agent.original", "proxy.useragent", "request_user_agent", "http_user_agent"),
        *("user_agent", "user-agent", "useragent", "agent", "ua"),
    ],
}
# Programs that gather logs keep the line itself under one of these: Docker, Fluent Bit, Filebeat,
# Google, Caddy.
LINE_KEYS = ["log", "message", "msg", "event.original", "textpayload", "common_log", "line"]


def read_json(text: str) -> Entry | str | None:
    """Return the facts of one JSON object, or the line of another format that it holds.

    nginx escapes as \\x22 unless it has escape=json.
    """
    try:
        facts = _load(text) or _load(NGINX_ESCAPE.sub(r"\\u00\1", text))
        if not facts:
            return None
        return _read_as_nginx(facts) or _read_as_other(_flatten(facts))
    except RecursionError:
        return None


def read_console(text: str) -> Entry | None:
    match = CONSOLE.fullmatch(text)
    found = read_json(f'{{"ts": "{match["time"]}", {match["rest"]}') if match else None
    return found if isinstance(found, Entry) else None


def _read_wall_time(text: str) -> dt.datetime | None:
    match = WALL.fullmatch(text)
    return match and read_any_time(f"{match[1]}-{match[2]}-{match[3]}T{match[4]}Z")


def _load(text: str) -> dict | None:
    try:
        facts = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def _read_as_nginx(facts: dict) -> Entry | None:
    values = {name: _pick(facts, keys) for name, keys in NGINX_KEYS.items()}
    if not (values["request"] or (values["method"] and values["uri"])):
        return None
    return _make_entry(values, read_any_time(values["time"]))


def _make_entry(values: dict[str, str], viewed_at: dt.datetime | None) -> Entry | None:
    request = values["request"] or f"{values['method']} {values['uri']}".strip()
    if viewed_at is None or not (values["host"] and values["status"] and request):
        return None
    return Entry(
        viewed_at,
        values["host"],
        values["forwarded"],
        request,
        values["status"],
        values["user_agent"],
    )


def _pick(facts: dict, keys: list[str]) -> str:
    """Return the text of the first present key, with ? for bytes that are not UTF-8."""
    return _as_text(next((facts[key] for key in keys if isinstance(facts.get(key), str)), ""))


def _as_text(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()


def _flatten(facts: dict, prefix: str = "") -> dict[str, str]:
    """Return {"request.uri": text}, names in lower case, and the texts of a list as one."""
    flat: dict[str, str] = {}
    for key, value in facts.items():
        name = f"{prefix}{key}".lower()
        if isinstance(value, dict):
            flat |= _flatten(value, f"{name}.")
        elif isinstance(value, list):
            flat[name] = ", ".join(each for each in value if isinstance(each, str))
        elif isinstance(value, str):
            flat[name] = _as_text(value)
            if name == "properties":  # Azure writes some of them as JSON within the JSON
                flat |= _flatten(_load(value) or {}, f"{name}.")
    return flat


def _read_as_other(facts: dict[str, str]) -> Entry | str | None:
    values = {
        name: next((facts[key] for key in keys if facts.get(key, "-") not in ("", "-")), "")
        for name, keys in OTHER_KEYS.items()
    }
    if "cs(user-agent)" in facts or "cliip" in facts:
        values["user_agent"] = decode_agent(values["user_agent"])
    if "reqpath" in facts and not values["uri"].startswith("/"):
        values["uri"] = f"/{values['uri']}"
    if values["request"] and " " not in values["request"]:
        values["uri"], values["request"] = values["uri"] or values["request"], ""
    written = f"{facts['date']}T{facts['time']}Z" if "date" in facts and "time" in facts else ""
    viewed_at = read_long_time(written) or read_long_time(values["time"])
    viewed_at = viewed_at or _read_wall_time(facts.get("ts", ""))
    says_what = values["request"] or values["uri"]
    if says_what and (entry := _make_entry(values, viewed_at)):
        return entry
    return next((facts[key] for key in LINE_KEYS if facts.get(key)), None)
