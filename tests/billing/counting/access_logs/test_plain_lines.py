"""Sorting out plain lines quickly changes nothing of what is found in a log."""

import datetime as dt
import itertools
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.counting.access_logs import lines
from billing.counting.access_logs.lines import make_reader
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.access_logs.plain_lines import PATH, match_plain
from tests.billing.counting.access_logs.logs import ARTICLES
from tests.factories import make_line

pytestmark = pytest.mark.any_database

PAGE = make_line("GET /blogs/arp-security/ HTTP/1.1")
PARTS = [
    b'"', b"\\", b" ", b"[", b"]", b"{", b"#", b"\xef\xbb\xbf", b"\xff", b"GET", b"HEAD ", b"?",
    b" HTTP/1.1", b"304", b"404", b"31/Feb/2015", b"+1500", b"24:00:00", b"-", b"\r", b"\0", b", ",
    b"192.0.2.7", b"#Fields: date time cs-method", b'"GET"', b"GET http://example.org/blogs/a/",
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_line", "status", "path"),
    [
        ("GET /blogs/arp-security/ HTTP/1.1", 200, b"/blogs/arp-security/"),
        ("GET /blogs/arp-security/?a=b#c HTTP/2.0", 304, b"/blogs/arp-security/"),
        ("GET /blogs/arp-security/ HTTP/1.1", 404, None),
        ("POST /blogs/arp-security/ HTTP/1.1", 200, None),
        ("GETS /blogs/arp-security/ HTTP/1.1", 200, None),
    ],
)
def test_plain_line_tells_the_path_of_a_page(request_line, status, path):
    assert match_plain(make_line(request_line, status=status))[PATH] == path


@pytest.mark.parametrize(
    "request_line",
    ["GET http://example.org/blogs/a/ HTTP/1.1", "GET /blogs/a b/ HTTP/1.1", "GET"],
)
def test_successful_request_for_something_odd_is_read_in_full(request_line):
    assert match_plain(make_line(request_line)) is None


@pytest.mark.parametrize("line", [b"", b"{}", b"#" + PAGE, PAGE.replace(b"17/May", b"31/Feb")])
def test_line_of_another_kind_is_read_in_full(line):
    assert match_plain(line) is None


def assert_alike(*some_lines, path_pattern=OWN_PAGES):
    """The lines of a log come to the same when each is read in full, behind a proxy or not."""
    for proxies in (0, 1):
        make = partial(make_reader, path_pattern, trusted_proxies=proxies)
        quick = list(map(make(), some_lines))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lines, "match_plain", lambda line: None)
            assert list(map(make(), some_lines)) == quick


@pytest.mark.thorough
@settings(max_examples=150)
@given(data=st.data())
def test_changed_line_means_the_same_either_way(data):
    start = data.draw(st.integers(0, len(PAGE)))
    end = data.draw(st.integers(start, min(len(PAGE), start + 30)))
    assert_alike(PAGE[:start] + data.draw(st.sampled_from(PARTS)) + PAGE[end:])


@pytest.mark.parametrize(
    "more", [b' "192.0.2.7"', b' "192.0.2.7, 198.51.100.9" 12', b" 0.003", b' "-"', b" "]
)
def test_list_after_the_user_agent_means_the_same_either_way(more):
    assert_alike(PAGE + more)


@given(
    moment=st.datetimes(dt.datetime(2000, 1, 2), dt.datetime(2099, 12, 30)),
    zone=st.integers(-840, 840),
    agent=st.binary(max_size=20),
)
def test_page_of_any_moment_and_agent_means_the_same_either_way(moment, zone, agent):
    at = moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=zone)))
    line = b'example.org - - [%s] "GET /blogs/a/ HTTP/1.1" 200 5 "-" "%s"'
    assert_alike(line % (f"{at:%d/%b/%Y:%H:%M:%S %z}".encode(), agent))


def test_columns_are_asked_first():
    """After a #Fields line, a line that looks plain may be one of the columns."""
    columns = b"c-ip a b date-and zone cs-method cs-uri protocol sc-status size referer agent"
    assert_alike(b"#Fields: " + columns, PAGE)


def test_lines_of_a_real_log_mean_the_same_either_way(shared_data):
    with (shared_data / "access-log-semicomplete" / "apache_logs").open("rb") as file:
        some = [line.rstrip(b"\r\n") for line in itertools.islice(file, 3_000)]
    assert_alike(*some, path_pattern=ARTICLES)
