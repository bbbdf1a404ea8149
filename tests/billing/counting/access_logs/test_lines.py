import datetime as dt

import pytest

from billing.counting.access_logs.lines import Request, Skipped, make_reader
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.errors import InvalidPathPattern
from tests.factories import FIREFOX, make_line

pytestmark = pytest.mark.any_database


def read(line, path_pattern=OWN_PAGES):
    return make_reader(path_pattern)(line)


def test_line_gives_all_that_a_view_needs():
    found = read(make_line())
    assert found == Request(
        view_id=found.view_id,
        slugs=("arp-security",),
        viewed_at=dt.datetime(2015, 5, 17, 10, 5, 3, tzinfo=dt.UTC),
        host="192.0.2.1",
        user_agent=FIREFOX,
    )


@pytest.mark.parametrize(
    ("path", "slugs"),
    [
        ("/blog/articles/arp-security/main.html", ["articles-arp-security-main"]),
        ("/blog/geekery/C-Vs_Perl.html", ["geekery-C-Vs_Perl", "geekery-c-vs_perl"]),
        ("/blog/a.b.html", ["a-b"]),
        ("/blog/%D9%85.html", ["d985"]),
        ("/blog/\udce9t\udce9.html", ["t"]),
        ("/blog/caf%C3%A9.html", ["cafe", "cafc3a9"]),
        ("/blog/cafe%CC%81.html", ["cafe", "cafecc81"]),
        ("/blog/p%61ge1.html", ["page1", "p61ge1"]),
        ("/blog/p%61ge1%2Ehtml", ["page1"]),
        ("/blog/a%2Fb.html", ["a-b", "a2fb"]),
        ("/blog/%zz%.html", ["zz"]),
        ("/blog/a%00%ff.html", ["a", "a00ff"]),
    ],
)
def test_slugs_are_made_of_the_path(path, slugs):
    request = read(make_line(f"GET {path} HTTP/1.1"), r"^/blog/(?P<slug>.+)\.html$")
    assert request.slugs == tuple(slugs)


@pytest.mark.parametrize(
    "target",
    [
        "/blogs/arp-security/?utm_source=feed#top",
        "/blogs/arp-security/#top?",
        "http://example.org/blogs/arp-security/",
        "HTTPS://example.org:8443/blogs/arp-security/?a=/b/",
        "/blogs/arp%2Dsecurity/",
        "/%62logs/arp-security%2F",
    ],
)
def test_path_is_the_target_without_host_query_and_fragment(target):
    assert read(make_line(f"GET {target} HTTP/1.1")).slugs[0] == "arp-security"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/blogs/",
        "/blogs/arp-security",
        "/x?/blogs/arp-security/",
        "//blogs/arp-security/",
        "*",
        "http://example.org",
        "http://example.org?/blogs/arp-security/",
    ],
)
def test_other_paths_are_no_pages(target):
    assert read(make_line(f"GET {target} HTTP/1.1")) is Skipped.NOT_A_PAGE


def test_path_that_leaves_no_slug_is_no_page():
    pattern = r"^/(blog/(?P<slug>.*))?$"
    assert read(make_line("GET / HTTP/1.1"), pattern) is Skipped.NOT_A_PAGE
    assert read(make_line("GET /blog/... HTTP/1.1"), pattern) is Skipped.NOT_A_PAGE


@pytest.mark.parametrize(
    "request_line",
    [
        "HEAD /blogs/a/ HTTP/1.1",
        "POST /blogs/a/ HTTP/1.1",
        "get /blogs/a/ HTTP/1.1",
        "-",
        "",
        r"\x16",
    ],
)
def test_other_methods_are_no_views(request_line):
    assert read(make_line(request_line)) is Skipped.NOT_A_SUCCESSFUL_GET


@pytest.mark.parametrize("status", ["206", "301", "404", "410", "500"])
def test_other_statuses_are_no_views(status):
    assert read(make_line(status=status)) is Skipped.NOT_A_SUCCESSFUL_GET


def test_page_that_the_reader_had_already_is_a_view():
    assert read(make_line(status="304", size="-")).slugs[0] == "arp-security"


@pytest.mark.parametrize(
    ("values", "host", "user_agent"),
    [
        ({"host": "2001:db8::1"}, "2001:db8::1", FIREFOX),
        ({"host": "reader.example.org"}, "reader.example.org", FIREFOX),
        ({"user_agent": "-"}, "192.0.2.1", "-"),
        ({"user_agent": ""}, "192.0.2.1", ""),
        ({"user_agent": r"a \"b\" \\"}, "192.0.2.1", r"a \"b\" \\"),
        ({"referer": r"http://example.org/\"\xe4\\"}, "192.0.2.1", FIREFOX),
        ({"user_agent": "\udce4\udcff\x00"}, "192.0.2.1", "\udce4\udcff\x00"),
        ({"more": ' "-"'}, "192.0.2.1", FIREFOX),
        ({"more": ' "198.51.100.7, 192.0.2.1" 0.004'}, "192.0.2.1", FIREFOX),
    ],
)
def test_host_and_user_agent_are_taken_as_they_stand(values, host, user_agent):
    found = read(make_line(**values))
    assert (found.host, found.user_agent) == (host, user_agent)


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("25/Oct/2015:04:11:25 +0100", "2015-10-25T03:11:25"),
        ("01/Jan/2016:00:00:00 +0330", "2015-12-31T20:30:00"),
        ("31/Dec/2015:23:59:59 -0930", "2016-01-01T09:29:59"),
        ("29/Feb/2016:12:00:00 -0000", "2016-02-29T12:00:00"),
    ],
)
def test_time_is_read_with_its_offset(time, utc):
    assert read(make_line(time=time)).viewed_at == dt.datetime.fromisoformat(utc + "+00:00")


@pytest.mark.parametrize(
    "time",
    [
        "31/Feb/2015:10:05:03 +0000",
        "29/Feb/2015:10:05:03 +0000",
        "00/May/2015:10:05:03 +0000",
        "17/Mai/2015:10:05:03 +0000",
        "17/May/2015:24:00:00 +0000",
        "17/May/2015:10:60:03 +0000",
        "17/May/2015:10:05:60 +0000",
        "17/May/2015:10:05:03 +2500",
        "17/May/2015:10:05:03 +0099",
        "17/May/2015:10:05:03",
        "01/Jan/0001:00:00:00 +0100",
        "31/Dec/9999:23:59:59 -0100",
        "٠١/May/2015:10:05:03 +0000",
        "2015-02-31T10:05:03Z",
        "2015-05-17T24:05:03+00:00",
        "2015-05-17T10:05:03",
        "-",
    ],
)
def test_impossible_time_is_malformed(time):
    assert read(make_line(time=time)) is Skipped.MALFORMED


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Bad line",
        b"\x00\xff\xfe",
        make_line()[:-1],
        make_line() + b"x",
        make_line(status="20"),
        make_line(size="many"),
        make_line(user_agent='a "b'),
        make_line(user_agent="a\\"),
        make_line().replace(b" - - ", b" "),
        make_line().replace(b" - - ", b" - "),
        make_line().replace(b" - - ", b" a b c "),
        make_line().replace(b"192.0.2.1", b'""'),
        make_line().partition(b' "-" ')[0] + b' "-"',
    ],
)
def test_line_of_another_format_is_malformed(line):
    assert read(line) is Skipped.MALFORMED


@pytest.mark.parametrize(
    ("name", "read_well"),
    [
        ("beats-nginx-test.log", [1, 2, 3, 4, 5, 6, 7]),
        ("beats-apache-test.log", [1, 2, 3, 4, 5, 6, 7]),
        ("lnav-logfile_access_log.0", [1, 2, 3]),
        ("lnav-logfile_bad_access_log.0", [1, 3]),
        ("lnav-logfile_shop_access_log.0", list(range(1, 1001))),
        ("apachelogs-vhost_combined.log", [1, 2, 3, 4, 6, 7]),
    ],
)
def test_awkward_lines_of_real_logs(shared_data, name, read_well):
    read_line = make_reader(OWN_PAGES)
    lines = (shared_data / "access-log-samples" / name).read_bytes().splitlines()
    numbers = [
        number
        for number, line in enumerate(lines, start=1)
        if read_line(line) is not Skipped.MALFORMED
    ]
    assert numbers == read_well


def test_id_of_a_line_is_what_it_was_when_it_was_first_imported(settings):
    """Another one would count what is imported already once more."""
    settings.SECRET_KEY = "a key that never changes"
    assert str(read(make_line()).view_id) == "014d6155-8098-81ef-9a09-0a8105064ef6"


def test_same_line_leads_to_the_same_view():
    first, second = read(make_line()), read(make_line())
    assert first.view_id == second.view_id
    assert (first.view_id.version, first.view_id.variant) == (8, "specified in RFC 4122")


@pytest.mark.parametrize(
    "values",
    [
        {"host": "192.0.2.2"},
        {"time": "17/May/2015:10:05:04 +0000"},
        {"size": "1"},
        {"referer": "http://example.org/"},
        {"user_agent": "another"},
    ],
)
def test_another_line_leads_to_another_view(values):
    assert read(make_line(**values)).view_id != read(make_line()).view_id


def test_ids_rise_with_the_time_of_the_view():
    times = [f"17/May/2015:10:05:{second:02} +0000" for second in range(20)]
    ids = [read(make_line(time=time)).view_id for time in times]
    assert ids == sorted(ids)


def test_id_can_not_be_made_without_the_secret_key(settings):
    first = read(make_line()).view_id
    settings.SECRET_KEY = "another"
    assert read(make_line()).view_id != first


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        (r"^/blog/(?P<slug>.*$", "no regular expression"),
        (r"^/blog/(.*)$", "no group named slug"),
        (r"^/blog/(?P<name>.*)$", "no group named slug"),
        ("(?P<slug>" + "a" * 500 + ")", "longer than 500"),
    ],
)
def test_path_pattern_without_a_slug_is_refused(pattern, fault):
    with pytest.raises(InvalidPathPattern, match=fault):
        make_reader(pattern)


def test_refusal_of_a_path_pattern_gives_an_example_that_works():
    with pytest.raises(InvalidPathPattern) as refusal:
        make_reader("blog")
    make_reader(str(refusal.value).rpartition("like ")[2])
