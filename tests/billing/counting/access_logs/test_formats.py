import datetime as dt
import json

import pytest

from billing.counting.access_logs.formats import LineReader
from billing.counting.access_logs.formats.entries import find_reader
from tests.factories import FIREFOX, make_line

pytestmark = pytest.mark.any_database

read_entry = LineReader().read_entry
AT = dt.datetime(2015, 5, 17, 10, 5, 3, tzinfo=dt.UTC)


def entry_of(before, more=""):
    """What a line says that has `before` in the place of the host, ident and user."""
    return read_entry(make_line(more=more).replace(b"192.0.2.1 - -", before.encode()))


def json_entry(**facts):
    values = {
        "remote_addr": "192.0.2.1",
        "time_iso8601": "2015-05-17T10:05:03+00:00",
        "request": "GET /blogs/a/ HTTP/1.1",
        "status": 200,
        "http_user_agent": FIREFOX,
    } | facts
    values = {key: value for key, value in values.items() if value is not None}
    return read_entry(json.dumps(values).encode())


@pytest.mark.parametrize(
    ("before", "host"),
    [
        ("192.0.2.1 - -", "192.0.2.1"),
        ("2001:db8::1 - anna", "2001:db8::1"),
        ("reader.example.org - -", "reader.example.org"),
        ("192.0.2.1 - Anna B. Colombo", "192.0.2.1"),
        ("192.0.2.1 - Colombo, Anna [staff]", "192.0.2.1"),
        ('192.0.2.1 - ""', "192.0.2.1"),
        ("www.example.org:80 192.0.2.1 - -", "192.0.2.1"),
        ("www.example.org 2001:db8::1 - Anna Colombo", "2001:db8::1"),
        ("www.example.org:443 reader.example.net - -", "reader.example.net"),
        ("[2001:db8::2]:443 192.0.2.1 - -", "192.0.2.1"),
        ("- 192.0.2.1 - -", "192.0.2.1"),
        ('"-" 192.0.2.1 - -', "192.0.2.1"),
    ],
)
def test_host_is_told_from_a_virtual_host_and_from_a_user_name(before, host):
    assert entry_of(before).host == host


@pytest.mark.parametrize(
    "before",
    [
        "192.0.2.1",
        "192.0.2.1 -",
        "a b c d",
        "www.example.org reader.example.net - -",
        "www.example.org:80 - - -",
        '"" - -',
        "192.0.2.1, - -",
        "192.0.2.1 - " + "x" * 256 + " y",
    ],
)
def test_what_could_be_either_is_no_entry(before):
    assert entry_of(before) is None


LIST = "203.0.113.9, 198.51.100.7"


@pytest.mark.parametrize(
    ("before", "more", "readers"),
    [
        (LIST + " - -", "", ["198.51.100.7", "198.51.100.7", "203.0.113.9", "198.51.100.7"]),
        (f'"{LIST}" - -', "", ["198.51.100.7", "198.51.100.7", "203.0.113.9", "198.51.100.7"]),
        (LIST.replace(" ", "") + " - -", "", ["198.51.100.7", "198.51.100.7", "203.0.113.9"]),
        (LIST + " 10.0.0.1 - -", "", ["10.0.0.1", "198.51.100.7", "203.0.113.9", "10.0.0.1"]),
        (f'"{LIST}" 10.0.0.1 - -', "", ["10.0.0.1", "198.51.100.7", "203.0.113.9", "10.0.0.1"]),
        (f"www.example.org:80 {LIST} 10.0.0.1 - -", "", ["10.0.0.1", "198.51.100.7"]),
        ("203.0.113.9 10.0.0.1 - -", "", ["10.0.0.1", "203.0.113.9", "10.0.0.1"]),
        ("10.0.0.1 - -", f' "{LIST}"', ["10.0.0.1", "198.51.100.7", "203.0.113.9", "10.0.0.1"]),
        ("a.example:80 10.0.0.1 - -", f' "{LIST}" 0.2', ["10.0.0.1", "198.51.100.7"]),
        ("10.0.0.1 - -", ' "-"', ["10.0.0.1", "10.0.0.1"]),
        ("10.0.0.1 - -", ' 0.004 "203.0.113.9"', ["10.0.0.1", "10.0.0.1"]),
        ("10.0.0.1 - -", ' "forged, 203.0.113.9"', ["10.0.0.1", "203.0.113.9", "10.0.0.1"]),
    ],
)
def test_forwarded_address_is_counted_from_the_right(before, more, readers):
    entry = entry_of(before, more)
    assert [find_reader(entry, number) for number in range(len(readers))] == readers


def test_common_line_has_no_user_agent():
    entry = read_entry(make_line().partition(b' "-" ')[0])
    assert (entry.host, entry.status, entry.user_agent) == ("192.0.2.1", "200", "")


@pytest.mark.parametrize(
    "request_line", ["", "-", r"\x16\x03\x01\x00", "\udcff\x03", r"GET /\"a\""]
)
def test_request_is_taken_as_it_stands(request_line):
    assert read_entry(make_line(request_line)).request == request_line


def test_json_line_says_the_same():
    assert json_entry(http_x_forwarded_for=LIST) == read_entry(
        make_line("GET /blogs/a/ HTTP/1.1", more=f' "{LIST}"')
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"time_iso8601": "2015-05-17T13:35:03+03:30"},
        {"time_iso8601": None, "time_local": "17/May/2015:12:05:03 +0200"},
        {"time_iso8601": None, "msec": 1431857103},
        {"time_iso8601": None, "msec": "1431857103.000"},
        {"time_iso8601": None, "@timestamp": "2015-05-17T10:05:03Z"},
    ],
)
def test_json_line_may_tell_the_time_in_several_ways(facts):
    assert json_entry(**facts).viewed_at == AT


def test_milliseconds_are_kept_where_a_line_has_them():
    assert json_entry(msec="1431857103.250").viewed_at == AT + dt.timedelta(milliseconds=250)


@pytest.mark.parametrize(
    ("facts", "request_line"),
    [
        ({"request": None, "request_method": "GET", "request_uri": "/a?b"}, "GET /a?b"),
        ({"request": None, "request_method": "HEAD", "uri": "/a"}, "HEAD /a"),
    ],
)
def test_json_line_may_hold_the_request_in_parts(facts, request_line):
    assert json_entry(**facts).request == request_line


def test_json_line_of_another_configuration_is_read():
    line = (
        b'{"time": "17/May/2015:10:05:03 +0000", "remote_ip": "192.0.2.1", "remote_user": "-", '
        b'"request": "GET /a HTTP/1.1", "response": 304, "bytes": 0, "agent": "x"}'
    )
    assert read_entry(line) == (AT, "192.0.2.1", "", "GET /a HTTP/1.1", "304", "x")


def test_json_line_may_be_escaped_as_nginx_does_it():
    line = json.dumps({"http_user_agent": "QUOTE", "remote_addr": "::1", "msec": 1431857103,
                       "status": 200, "request": "GET / HTTP/1.1"})  # fmt: skip
    assert read_entry(line.replace("QUOTE", r"a \x22b\x22").encode()).user_agent == 'a "b"'


@pytest.mark.parametrize("agent", ["\ud83d", "é\0"])
def test_text_of_a_json_line_can_always_be_hashed(agent):
    json_entry(http_user_agent=agent).user_agent.encode()


@pytest.mark.parametrize("agent", [None, True, ["x"], {"x": 1}])
def test_user_agent_that_is_no_text_is_none(agent):
    assert json_entry(http_user_agent=agent).user_agent == ""


@pytest.mark.parametrize(
    "facts",
    [
        {"remote_addr": None},
        {"status": None},
        {"request": None},
        {"time_iso8601": None},
        {"time_iso8601": "yesterday"},
        {"time_iso8601": "2015-05-17T10:05:03"},
        {"time_iso8601": "1999-12-31T23:59:59+00:00"},
        {"time_iso8601": "2100-01-01T00:00:00+00:00"},
        {"msec": "9999999999"},
        {"msec": "14318571030"},
        {"msec": 1e300},
        {"time_local": "31/Feb/2015:10:05:03 +0000", "time_iso8601": None},
    ],
)
def test_json_line_that_lacks_something_is_no_entry(facts):
    assert json_entry(**facts) is None


@pytest.mark.thorough
@pytest.mark.parametrize(
    "line", [b"{", b"{}", b'{"a": [}', b'{"a":' + b"[" * 60_000, b"{" * 60_000, b'{"a": NaN}']
)
def test_broken_json_is_no_entry(line):
    assert read_entry(line) is None
