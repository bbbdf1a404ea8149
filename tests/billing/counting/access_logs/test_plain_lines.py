"""Sorting out plain lines quickly changes nothing of what is found in a log."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.counting.access_logs import lines
from billing.counting.access_logs.lines import make_reader
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.access_logs.plain_lines import find_plain_path
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
        ("GET /blogs/arp-security/ HTTP/1.1", 404, b""),
        ("POST /blogs/arp-security/ HTTP/1.1", 200, b""),
        ("GETS /blogs/arp-security/ HTTP/1.1", 200, b""),
        ("GET http://example.org/blogs/a/ HTTP/1.1", 200, None),
        ("GET /blogs/a b/ HTTP/1.1", 200, None),
        ("GET", 200, None),
    ],
)
def test_plain_line_tells_the_path_of_a_page(request_line, status, path):
    assert find_plain_path(make_line(request_line, status=status)) == path


@pytest.mark.parametrize("line", [b"", b"{}", b"#" + PAGE, PAGE.replace(b"17/May", b"31/Feb")])
def test_line_of_another_kind_is_read_in_full(line):
    assert find_plain_path(line) is None


def assert_alike(*some_lines, path_pattern=OWN_PAGES):
    """The lines of a log come to the same when each is read in full."""
    quick = list(map(make_reader(path_pattern), some_lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "find_plain_path", lambda line: None)
        assert list(map(make_reader(path_pattern), some_lines)) == quick


@settings(max_examples=150)
@given(data=st.data())
def test_changed_line_means_the_same_either_way(data):
    start = data.draw(st.integers(0, len(PAGE)))
    end = data.draw(st.integers(start, min(len(PAGE), start + 30)))
    assert_alike(PAGE[:start] + data.draw(st.sampled_from(PARTS)) + PAGE[end:])


def test_columns_are_asked_first():
    """After a #Fields line, a line that looks plain may be one of the columns."""
    columns = b"c-ip a b date-and zone cs-method cs-uri protocol sc-status size referer agent"
    assert_alike(b"#Fields: " + columns, PAGE)


def test_lines_of_a_real_log_mean_the_same_either_way(shared_data):
    with (shared_data / "access-log-semicomplete" / "apache_logs").open("rb") as file:
        some = [line.rstrip(b"\r\n") for line in itertools.islice(file, 3_000)]
    assert_alike(*some, path_pattern=ARTICLES)
