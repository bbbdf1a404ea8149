"""Logs of the servers, proxies and services that people run, by the examples of their manuals.

The addresses, hosts and paths are ours. Every line says the same, and is told apart by itself.
"""

import datetime as dt
import json
from collections import Counter

import pytest
import time_machine

from billing.counting.access_logs.formats import LineReader
from billing.counting.access_logs.lines import Skipped, make_reader
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.access_logs.unknown import refuse_unknown_format
from billing.errors import UnknownLogFormat
from tests.factories import FIREFOX, make_line

pytestmark = pytest.mark.any_database

AT = dt.datetime(2026, 10, 5, 10, 5, 3, tzinfo=dt.UTC)
TOKEN = FIREFOX.replace(" ", "+")
ENCODED = FIREFOX.replace(" ", "%20").replace(";", "%3B")
TIME = "05/Oct/2026:10:05:03 +0000"
COMBINED = make_line(time=TIME, request="GET /blogs/a/ HTTP/1.1").decode()

IIS = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
IIS += "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
CLOUDFRONT = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem "
CLOUDFRONT += "sc-status cs(Referer) cs(User-Agent) cs-uri-query"
REAL_TIME = "#Fields: timestamp c-ip sc-status cs-method cs-uri-stem cs-user-agent x-forwarded-for"

CADDY = {
    "level": "info",
    "ts": 1791194703.5241024,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "192.0.2.1",
        "remote_port": "41342",
        "client_ip": "192.0.2.1",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "example.org",
        "uri": "/blogs/a/?x=1",
        "headers": {"User-Agent": [FIREFOX], "Accept": ["*/*"]},
        "tls": {"resumed": False, "version": 772},
    },
    "bytes_read": 0,
    "user_id": "",
    "duration": 0.000929675,
    "size": 10900,
    "status": 200,
    "resp_headers": {"Content-Type": ["text/html; charset=utf-8"]},
}
TRAEFIK = {
    "ClientAddr": "192.0.2.1:56038",
    "ClientHost": "192.0.2.1",
    "ClientPort": "56038",
    "ClientUsername": "-",
    "DownstreamContentSize": 1024,
    "DownstreamStatus": 200,
    "Duration": 1234567,
    "OriginStatus": 200,
    "RequestAddr": "example.org",
    "RequestMethod": "GET",
    "RequestPath": "/blogs/a/",
    "RequestProtocol": "HTTP/1.1",
    "StartLocal": "2026-10-05T12:05:03.123456789+02:00",
    "StartUTC": "2026-10-05T10:05:03.123456789Z",
    "entryPointName": "web",
    "level": "info",
    "msg": "",
    "request_User-Agent": FIREFOX,
    "time": "2026-10-05T12:05:04+02:00",
}
ISTIO_JSON = {
    "start_time": "2026-10-05T10:05:03.310Z",
    "method": "GET",
    "path": "/blogs/a/",
    "protocol": "HTTP/1.1",
    "response_code": 200,
    "user_agent": FIREFOX,
    "x_forwarded_for": "192.0.2.1",
    "downstream_remote_address": "192.0.2.1:40001",
    "authority": "example.org",
}
CONSOLE = {name: CADDY[name] for name in ("request", "status")}
LOGPUSH = {
    "ClientIP": "192.0.2.1",
    "ClientRequestHost": "example.org",
    "ClientRequestMethod": "GET",
    "ClientRequestURI": "/blogs/a/?x=1",
    "ClientRequestUserAgent": FIREFOX,
    "EdgeResponseStatus": 200,
    "EdgeStartTimestamp": "2026-10-05T10:05:03Z",
    "RayID": "3a6050bcbe121a87",
}
FASTLY = {
    "timestamp": "2026-10-05T10:05:03+0000",
    "client_ip": "192.0.2.1",
    "host": "example.org",
    "url": "/blogs/a/",
    "request_method": "GET",
    "request_protocol": "HTTP/2",
    "request_referer": "",
    "request_user_agent": FIREFOX,
    "response_state": "HIT",
    "response_status": 200,
}
FRONT_DOOR = {
    "time": "2026-10-05T10:05:03.1234567Z",
    "category": "FrontDoorAccessLog",
    "properties": {
        "httpMethod": "GET",
        "httpVersion": "2.0",
        "requestUri": "https://example.org:443/blogs/a/",
        "userAgent": FIREFOX,
        "clientIp": "192.0.2.1",
        "clientPort": "40001",
        "socketIp": "192.0.2.1",
        "httpStatusCode": "200",
    },
}
GATEWAY = {
    "timeStamp": "2026-10-05T10:05:03+00:00",
    "operationName": "ApplicationGatewayAccess",
    "properties": {
        "clientIP": "192.0.2.1",
        "clientPort": 40001,
        "httpMethod": "GET",
        "requestUri": "/blogs/a/",
        "userAgent": FIREFOX,
        "httpStatus": 200,
    },
}
GOOGLE = {
    "httpRequest": {
        "requestMethod": "GET",
        "requestUrl": "https://example.org/blogs/a/",
        "status": 200,
        "userAgent": FIREFOX,
        "remoteIp": "192.0.2.1",
    },
    "timestamp": "2026-10-05T10:05:03.123456Z",
    "resource": {"type": "http_load_balancer"},
}
ELASTIC = {
    "@timestamp": "2026-10-05T10:05:03.000Z",
    "http": {"request": {"method": "GET"}, "response": {"status_code": 200}, "version": "1.1"},
    "url": {"original": "/blogs/a/", "path": "/blogs/a/"},
    "source": {"address": "192.0.2.1", "ip": "192.0.2.1"},
    "user_agent": {"original": FIREFOX, "name": "Firefox"},
}
CLOUDFRONT_JSON = {
    "date": "2026-10-05",
    "time": "10:05:03",
    "c-ip": "192.0.2.1",
    "cs-method": "GET",
    "cs-uri-stem": "/blogs/a/",
    "sc-status": "200",
    "cs(User-Agent)": ENCODED,
}
INGRESS = {
    "time": "2026-10-05T10:05:03+00:00",
    "remote_addr": "192.0.2.1",
    "x_forwarded_for": "192.0.2.1",
    "method": "GET",
    "path": "/blogs/a/",
    "status": 200,
    "http_user_agent": FIREFOX,
}
VERCEL = {
    "proxy": {
        "timestamp": 1791194703123,
        "clientIp": "192.0.2.1",
        "method": "GET",
        "path": "/blogs/a/",
        "statusCode": 200,
        "userAgent": [FIREFOX],
    }
}
BALANCER = (
    "https 2026-10-05T10:05:03.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.1:2817 "
    '10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://example.org:443/blogs/a/ HTTP/1.1" '
    f'"{FIREFOX}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu:1:t/t/7 '
    '"Root=1-58337281-1d84f3d73c47ec4e58577259" "example.org" "arn:aws:acm:eu:1:certificate/1" 1 '
    '2026-10-05T10:05:02.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
)
CLASSIC_BALANCER = (
    "2026-10-05T10:05:03.945958Z my-loadbalancer 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 "
    f'0.000057 200 200 0 29 "GET http://example.org:80/blogs/a/ HTTP/1.1" "{FIREFOX}" - -'
)
STORE = (
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be example.org "
    "[05/Oct/2026:10:05:03 +0000] 192.0.2.1 - 3E57427F3EXAMPLE WEBSITE.GET.OBJECT "
    f'blogs/a/index.html "GET /blogs/a/ HTTP/1.1" 200 - 113 113 7 6 "-" "{FIREFOX}" - '
    "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 - "
    "AuthHeader example.org TLSV1.1 - -"
)
HAPROXY = (
    "192.0.2.1:33317 [05/Oct/2026:12:05:03.655] http-in static/srv1 10/0/30/69/109 200 2750 - - "
    f'---- 1/1/1/1/0 0/0 {{example.org|{FIREFOX}}} {{nginx}} "GET /blogs/a/ HTTP/1.1"'
)
ENVOY = (
    '[2026-10-05T10:05:03.310Z] "GET /blogs/a/ HTTP/2" 200 - 154 0 226 100 "192.0.2.1" '
    f'"{FIREFOX}" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "example.org" "tcp://10.0.2.1:80"'
)
ISTIO = (
    '[2026-10-05T10:05:03.209Z] "GET /blogs/a/ HTTP/1.1" 200 - via_upstream - "-" 0 135 3 1 '
    f'"192.0.2.1" "{FIREFOX}" "d209e46f-9ed5-9b61-bbdd-43e22662702a" "example.org" '
    '"127.0.0.1:80" inbound|8000|http|x.svc 127.0.0.1:41854 172.30.146.73:80 192.0.2.1:57356 '
    "outbound_.8000_._.x default"
)
TRAEFIK_TEXT = COMBINED + ' 42 "web@docker" "http://10.0.0.2:80" 12ms'
LABELS = "\t".join(
    [
        *("time:[05/Oct/2026:10:05:03 +0000]", "host:192.0.2.1", "req:GET /blogs/a/ HTTP/1.1"),
        *("status:200", "size:9", f"ua:{FIREFOX}"),
    ]
)

BUNNY = "HIT|200|1791194703524|412|390|192.0.2.1|-|https://example.org/blogs/a/?x=1|DE|"
BUNNY += f"{FIREFOX}|322b688bd63fb63f2babe9de30a5d262|DE"

AKAMAI = {
    "version": 2,
    "cp": "123456",
    "reqTimeSec": "1791194703.123",
    "cliIP": "192.0.2.1",
    "statusCode": "200",
    "reqMethod": "GET",
    "reqHost": "example.org",
    "reqPath": "/blogs/a/",
    "UA": ENCODED,
}
APP_SERVICE = {
    "time": "2026-10-05T10:05:03.0000000Z",
    "category": "AppServiceHTTPLogs",
    "properties": {
        "CsMethod": "GET",
        "CsUriStem": "/blogs/a/",
        "ScStatus": 200,
        "CIp": "192.0.2.1",
        "UserAgent": FIREFOX,
    },
}
APACHE_JSON = {  # as loggly.com shows it for Apache
    "time": TIME,
    "remoteIP": "192.0.2.1",
    "host": "example.org",
    "request": "/blogs/a/",
    "query": "",
    "method": "GET",
    "status": "200",
    "userAgent": FIREFOX,
}

LOGS = {
    "Traefik's text": [TRAEFIK_TEXT],
    "Varnish": [COMBINED.replace("GET /", "GET http://example.org/")],
    "LiteSpeed": [f'"{COMBINED}"'],
    "Apache's vhost_combined": [f"example.org:443 {COMBINED}"],
    "IIS": [
        "#Software: Microsoft Internet Information Services 10.0",
        "#Version: 1.0",
        "#Date: 2026-10-05 00:00:00",
        IIS,
        f"2026-10-05 10:05:03 10.0.0.1 GET /blogs/a/ - 443 - 192.0.2.1 {TOKEN} - 200 0 0 15",
    ],
    "IIS without the date": [
        "\ufeff#Date: 2026-10-05 00:00:00",
        "#Fields: time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)",
        f"10:05:03 192.0.2.1 GET /blogs/a/ 200 {TOKEN}",
    ],
    "W3C with quotes": [
        "#Fields: date time c-ip cs-method cs-uri sc-status cs(User-Agent)",
        f'2026-10-05 10:05:03 192.0.2.1 GET https://example.org/blogs/a/ 200 "{FIREFOX}"',
    ],
    "CloudFront": [
        "#Version: 1.0",
        CLOUDFRONT,
        "2026-10-05\t10:05:03\tFRA2\t392\t192.0.2.1\tGET\td1.cloudfront.net\t/blogs/a/\t200\t-\t"
        f"{ENCODED}\t-",
    ],
    "CloudFront, encoded twice": [
        CLOUDFRONT,
        "2026-10-05\t10:05:03\tFRA2\t392\t192.0.2.1\tGET\td1.cloudfront.net\t/blogs/a/\t200\t-\t"
        f"{ENCODED.replace('%', '%25')}\t-",
    ],
    "CloudFront in real time": [
        REAL_TIME,
        f"1791194703.123\t192.0.2.1\t200\tGET\t/blogs/a/\t{ENCODED}\t-",
    ],
    "CloudFront as JSON": [json.dumps(CLOUDFRONT_JSON)],
    "AWS Application Load Balancer": [BALANCER],
    "AWS Classic Load Balancer": [CLASSIC_BALANCER],
    "AWS S3": [STORE],
    "HAProxy": [f"Oct  5 12:05:03 proxy-1 haproxy[14389]: {HAPROXY}"],
    "HAProxy without syslog": [HAPROXY],
    "HAProxy to a file of its own": [f"<134>Oct  5 12:05:03 haproxy[14389]: {HAPROXY}"],
    "Envoy": [ENVOY],
    "Istio": [ISTIO],
    "Istio as JSON": [json.dumps(ISTIO_JSON)],
    "Caddy": [json.dumps(CADDY)],
    "Caddy in milliseconds": [json.dumps(CADDY | {"ts": 1791194703524.25})],
    "Caddy with times as words": [json.dumps(CADDY | {"ts": "2026/10/05 10:05:03.524"})],
    "Caddy's console": [
        "2026/10/05 10:05:03.524\tinfo\thttp.log.access.log0\thandled request\t"
        + json.dumps(CONSOLE)
    ],
    "Traefik as JSON": [json.dumps(TRAEFIK)],
    "Cloudflare Logpush": [json.dumps(LOGPUSH)],
    "Cloudflare Logpush in seconds": [json.dumps(LOGPUSH | {"EdgeStartTimestamp": 1791194703})],
    "Cloudflare Logpush in nanoseconds": [
        json.dumps(LOGPUSH | {"EdgeStartTimestamp": 1791194703123456789})
    ],
    "Fastly": [json.dumps(FASTLY)],
    "Azure Front Door": [json.dumps(FRONT_DOOR)],
    "Azure Application Gateway": [json.dumps(GATEWAY)],
    "Google load balancer": [json.dumps(GOOGLE)],
    "Elastic Common Schema": [json.dumps(ELASTIC)],
    "ingress-nginx as JSON": [json.dumps(INGRESS)],
    "Akamai DataStream": [json.dumps(AKAMAI)],
    "Akamai DataStream, older": [json.dumps(AKAMAI | {"reqPath": "blogs/a/", "UA": FIREFOX})],
    "Azure App Service": [json.dumps(APP_SERVICE)],
    "Azure App Service, its facts as text": [
        json.dumps(APP_SERVICE | {"properties": json.dumps(APP_SERVICE["properties"])})
    ],
    "Traefik as JSON in local time": [
        json.dumps(
            {name: value for name, value in TRAEFIK.items() if name not in ("StartUTC", "time")}
            | {"StartLocal": "2026-10-05T12:05:03.123456789+02:00"}
        )
    ],
    "Apache as JSON": [json.dumps(APACHE_JSON)],
    "nginx by ISO 8601": [COMBINED.replace(TIME, "2026-10-05T12:05:03+02:00")],
    "Apache by microseconds": [COMBINED.replace(TIME, "05/Oct/2026:10:05:03.123456 +0000")],
    "Apache by milliseconds": [
        f"example.org:443 {COMBINED.replace(TIME, '05/Oct/2026:10:05:03.123 +0000')}"
    ],
    "Vercel": [json.dumps(VERCEL)],
    "LTSV": [LABELS],
    "Bunny CDN": [BUNNY],
    "Docker": [json.dumps({"log": COMBINED + "\n", "stream": "stdout", "time": "2026-10-05"})],
    "containerd": [f"2026-10-05T10:05:03.669794202Z stdout F {COMBINED}"],
    "containerd with JSON": [f"2026-10-05T10:05:03.6Z stdout F {json.dumps(CADDY)}"],
    "syslog": [f"<190>Oct  5 10:05:03 web-1 nginx: {COMBINED}"],
    "syslog of today": [f"<190>1 2026-10-05T10:05:03Z web-1 nginx 12 - - {COMBINED}"],
    "Docker Compose": [f"web-1  | {COMBINED}"],
    "kubectl": [f"[pod/web-1/nginx] {COMBINED}"],
}


@pytest.fixture(autouse=True)
def _in_berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"  # HAProxy writes local time


@pytest.mark.parametrize("name", LOGS)
def test_each_log_says_the_same(name):
    *remarks, line = [read_line(each.encode()) for read_line in [make_reader(OWN_PAGES)]
                      for each in LOGS[name]]  # fmt: skip
    assert remarks == [Skipped.REMARK] * len(remarks)
    assert (line.slugs, line.user_agent) == (("a",), FIREFOX)
    assert line.host.partition(":")[0] == "192.0.2.1"
    assert line.viewed_at.replace(microsecond=0) == AT


def test_logs_that_follow_each_other_in_one_file_are_told_apart():
    read_line = make_reader(OWN_PAGES)
    found = [read_line(line.encode()) for lines in LOGS.values() for line in lines]
    assert Skipped.MALFORMED not in found
    requests = [each for each in found if not isinstance(each, Skipped)]
    assert len(requests) == len({each.view_id for each in requests}) == len(LOGS)


def test_columns_may_change_in_the_middle_of_a_file():
    read_line = make_reader(OWN_PAGES)
    head, *_ = read_line(IIS.encode()), None
    first = f"2026-10-05 10:05:03 10.0.0.1 GET /blogs/a/ - 443 - 192.0.2.1 {TOKEN} - 200 0 0 15"
    later = f"200 /blogs/a/ GET {TOKEN} 192.0.2.1 10:05:03 2026-10-05 198.51.100.7,+10.0.0.9"
    assert head is Skipped.REMARK
    assert read_line(first.encode()).host == "192.0.2.1"
    assert read_line(later.encode()) is Skipped.MALFORMED
    fields = "sc-status cs-uri-stem cs-method cs(User-Agent) c-ip time date X-Forwarded-For"
    read_line(f"#Fields: {fields}".encode())
    assert read_line(later.encode()).host == "192.0.2.1"
    assert read_line(first.encode()) is Skipped.MALFORMED


def test_forwarded_list_of_w3c_logs_counts_from_the_right():
    read_line = make_reader(OWN_PAGES, trusted_proxies=1)
    read_line(b"#Fields: date time c-ip cs-method cs-uri-stem sc-status X-Forwarded-For")
    line = b"2026-10-05 10:05:03 10.0.0.1 GET /blogs/a/ 200 203.0.113.9,+198.51.100.7:80"
    assert read_line(line).host == "198.51.100.7"


def test_columns_of_one_reading_are_not_those_of_the_next():
    line = b"2026-10-05 10:05:03 192.0.2.1 GET /blogs/a/ 200"
    first = make_reader(OWN_PAGES)
    first(b"#Fields: date time c-ip cs-method cs-uri-stem sc-status")
    assert first(line).host == "192.0.2.1"
    assert make_reader(OWN_PAGES)(line) is Skipped.MALFORMED


@time_machine.travel("2026-12-01T00:00Z")
def test_id_of_a_line_in_local_time_is_the_same_in_every_zone(settings):
    ids = set()
    for zone in ("UTC", "Europe/Berlin", "Pacific/Auckland"):
        settings.TIME_ZONE = zone
        ids.add(make_reader(OWN_PAGES)(HAPROXY.encode()).view_id)
    assert len(ids) == 1


@pytest.mark.parametrize(
    "line",
    [
        BALANCER.replace("192.0.2.1:2817", "-"),
        BALANCER.replace("2026-10-05T10:05:03", "2026-13-05T10:05:03"),
        BALANCER[:200],
        ENVOY.replace('"192.0.2.1"', '"-"'),
        HAPROXY.replace("05/Oct", "35/Oct"),
        HAPROXY[:60],
        STORE[:90],
        LABELS.replace("status:200", "state:200"),
        json.dumps(CADDY | {"request": "x"}),
        json.dumps(TRAEFIK | {"ClientHost": "", "ClientAddr": ""}),
        json.dumps({"log": {"log": "x"}}),
        json.dumps(
            {"log": json.dumps({"log": json.dumps({"log": json.dumps({"log": COMBINED})})})}
        ),
        COMBINED.replace(TIME, "2026-13-05T10:05:03+00:00"),
        COMBINED.replace(TIME, "2026-10-05T10:05:03"),  # in no zone
        COMBINED.replace(TIME, "05/Oct/2026:10:05:03.123456"),
        json.dumps(AKAMAI | {"cliIP": "-"}),
        json.dumps(APP_SERVICE | {"properties": "{" * 50_000}),
        "web-1 | " * 5 + COMBINED,
        '"' * 9,
    ],
)
def test_line_that_lacks_something_is_of_no_format(line):
    assert LineReader().read_entry(line.encode()) is None


@pytest.mark.parametrize(
    "filling",
    [
        " [2026-",
        " [05/Oct/2026:10:05:03.123",
        '"" ',
        "a ",
        '"a\\" ',
        "- ",
        "{|",
        "[",
        "GET ",
        "\t",
        "| ",
    ],
)
def test_long_line_of_nothing_is_quick(filling):
    line = (f'[2026-10-05T10:05:03Z] "GET / HTTP/1.1" 200 {filling * 5000}').encode()
    for text in (line, line[:24], b"192.0.2.1:1 " + line, filling.encode() * 9000):
        assert LineReader().read_entry(text) is None


@pytest.mark.parametrize(
    "line",
    [
        BUNNY.replace("192.0.2.1", "0.0.0.0"),  # noqa: S104
        BUNNY.replace("192.0.2.1", "::"),
        BUNNY.replace("1791194703524", "soon"),
        BUNNY.replace("|200|", "|OK|"),
        BUNNY.replace("https://example.org", ""),
        BUNNY.removesuffix("|DE"),
    ],
)
def test_line_of_bunny_without_a_reader_or_out_of_form_is_malformed(line):
    assert make_reader(OWN_PAGES)(line.encode()) is Skipped.MALFORMED


def test_line_of_bunny_of_another_page_or_answer_is_no_view():
    read_line = make_reader(OWN_PAGES)
    assert read_line(BUNNY.replace("/blogs/a/", "/x/").encode()) is Skipped.NOT_A_PAGE
    failed = read_line(BUNNY.replace("|200|", "|404|").encode())
    assert failed is Skipped.NOT_A_SUCCESSFUL_GET


HEROKU = (
    'at=info method=GET path="/blogs/a/" host=example.org request_id=e5bb3580 fwd="192.0.2.1" '
    "dyno=web.1 connect=0ms service=2ms status=200 bytes=415 protocol=https"
)
SQUID = "1791194703.524    156 192.0.2.1 TCP_MISS/200 2905 GET http://example.org/blogs/a/ - "
SQUID += "HIER_DIRECT/198.51.100.7 text/html"
OWN_OF_IIS = (
    "192.0.2.1, -, 10/5/2026, 12:05:03, W3SVC1, WEB1, 198.51.100.7, 15, 163, 3223, 200, 0, GET, "
    "/blogs/a/, -,"
)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (SQUID, "Squid's own format"),
        (SQUID.replace("156", "-1").replace("GET http:", "CONNECT http:"), "Squid's own format"),
        (HEROKU, "Heroku's router"),
        (f"2026-10-05T10:05:03.1+00:00 heroku[router]: {HEROKU}", "Heroku's router"),
        (f"<158>1 2026-10-05T10:05:03.1+00:00 host heroku router - {HEROKU}", "Heroku's router"),
        (OWN_OF_IIS, "IIS's own format"),
        (OWN_OF_IIS.replace("10/5/2026", "05.10.26").replace("192.0.2.1", "::1"), "IIS's own"),
    ],
)
def test_known_format_without_user_agents_is_refused_by_name(line, told):
    read_line = make_reader(OWN_PAGES)
    lines = [line.encode()] * 2
    assert [read_line(each) for each in lines] == [Skipped.MALFORMED] * 2
    with pytest.raises(UnknownLogFormat) as caught:
        refuse_unknown_format(lines, "access.log", Counter({Skipped.MALFORMED: 2}))
    assert f"This is {told if told[0] != 'H' else f'the log of {told}'}" in str(caught.value)
    assert "no user agents" in str(caught.value)
    assert "mport " in str(caught.value)
