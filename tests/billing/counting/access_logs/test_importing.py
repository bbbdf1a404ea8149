import bz2
import datetime as dt
import gzip
import hashlib
import io
from collections import Counter
from itertools import islice

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from billing.counting.access_logs import importing as access_log
from billing.counting.access_logs.files import BZIP2, GZIP, NOT_READ, LogFile
from billing.counting.access_logs.importing import HEADINGS, import_access_log
from billing.counting.access_logs.lines import Skipped
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.errors import InvalidPathPattern, UnknownLogFormat, UnreadableAccessLog
from billing.models import (
    AccessLogImport,
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    ReaderSalt,
)
from tests.billing.counting.access_logs.logs import ARTICLES, HOWTOS, make_blogs, read_expected
from tests.factories import make_blog, make_click, make_line, make_retired_total, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def import_lines(lines, *, path_pattern=OWN_PAGES, at=AT, **options):
    return import_access_log(
        file=io.BytesIO(b"".join(line + b"\n" for line in lines)),
        file_name="access.log",
        path_pattern=path_pattern,
        at=at,
        **options,
    )


def views_by_slug(model=DailyViewCount):
    views = Counter()
    for slug, count in model.objects.values_list("blog__slug", "views"):
        views[slug] += count
    return views


@pytest.fixture
def blog():
    return make_blog(slug="arp-security")


@pytest.fixture
def semicomplete_lines(semicomplete):
    return (semicomplete / "apache_logs").read_bytes().splitlines()


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize(
    ("robot_lists", "column", "total"),
    [
        (["counter"], "views_200_304", 420),
        (["counter", "is-bot"], "views_200_304_isbot", 347),
    ],
)
@pytest.mark.parametrize("time_zone", ["UTC", "Europe/Berlin", "Pacific/Auckland"])
def test_real_log_comes_to_the_views_counted_by_hand(
    semicomplete, semicomplete_lines, settings, robot_lists, column, total, time_zone
):
    settings.ROBOT_LISTS = robot_lists
    settings.TIME_ZONE = time_zone
    report = import_lines(semicomplete_lines, path_pattern=ARTICLES)
    expected = {slug: views for slug, views in read_expected(semicomplete, column).items() if views}
    assert views_by_slug() == views_by_slug(MonthlyViewCount) == expected
    assert report.outcomes["counted"] == total
    assert report.lines == sum(report.outcomes.values()) == 10_000
    assert report.malformed_lines == [8899]


@pytest.mark.thorough
def test_report_of_a_real_log(semicomplete_lines, settings):
    settings.ROBOT_LISTS = ["counter"]
    report = import_lines(semicomplete_lines, path_pattern=ARTICLES)
    assert report.outcomes == {
        "counted": 420,
        "double click": 20,
        "robot": 378,
        "not a page": 8717,
        "not a successful GET": 464,
        "malformed": 1,
    }


@pytest.mark.thorough
def test_second_import_of_the_same_log_adds_nothing(semicomplete_lines):
    import_lines(semicomplete_lines, path_pattern=ARTICLES)
    views = views_by_slug()
    report = import_lines(semicomplete_lines, path_pattern=ARTICLES)
    assert views_by_slug() == views
    assert views.total() == 347
    assert BlogView.objects.count() == report.outcomes["already imported"] == 818
    assert report.outcomes["counted"] == 0


@pytest.mark.thorough
def test_two_logs_that_overlap_come_to_the_same_as_the_whole(semicomplete, semicomplete_lines):
    import_lines(semicomplete_lines[:6000], path_pattern=ARTICLES)
    import_lines(semicomplete_lines[-6000:], path_pattern=ARTICLES)
    expected = read_expected(semicomplete, "views_200_304_isbot")
    assert views_by_slug() == {slug: views for slug, views in expected.items() if views}


@pytest.mark.parametrize(
    ("time_zone", "views"),
    [("Europe/Berlin", [32, 53, 44, 49, 40, 24]), ("UTC", [37, 49, 45, 48, 43, 20])],
)
def test_days_of_a_real_log_are_cut_in_the_billing_time_zone(
    shared_data, settings, time_zone, views
):
    settings.TIME_ZONE = time_zone
    settings.ROBOT_LISTS = ["counter"]
    settings.KNOWN_PEOPLE = False  # the counts to compare with follow the list alone
    folder = shared_data / "access-log-basjes"
    expected = read_expected(folder, "views_200_304")
    make_blogs(expected)
    lines = (folder / "hackers-access.log").read_bytes().splitlines()
    report = import_lines(lines, path_pattern=HOWTOS)
    by_day = Counter()
    for day, count in DailyViewCount.objects.values_list("day", "views"):
        by_day[day] += count
    assert by_day == {dt.date(2015, 10, 25 + number): count for number, count in enumerate(views)}
    assert views_by_slug() == expected
    assert sum(report.outcomes.values()) == 3456


def test_every_line_has_one_heading_and_they_add_up(blog):
    make_blog(slug="draft", status="draft")
    make_retired_total(dt.date(2015, 5, 16), "counted", 1)
    lines = [
        make_line(),
        make_line(time="17/May/2015:10:05:33 +0000"),
        make_line(time="17/May/2015:10:05:33 +0000"),
        make_line(user_agent="Googlebot/2.1"),
        make_line("GET /blogs/draft/ HTTP/1.1"),
        make_line("GET /blogs/nowhere/ HTTP/1.1"),
        make_line("GET /favicon.ico HTTP/1.1"),
        make_line("HEAD /blogs/arp-security/ HTTP/1.1"),
        make_line(time="31/Oct/2026:23:59:50 +0000", host="192.0.2.2"),
        make_line(time="01/Nov/2027:00:00:00 +0000"),
        make_line(time="16/May/2015:12:00:00 +0000"),
        b"#Software: anything",
        b"",
    ]
    report = import_lines(lines)
    assert report.outcomes == dict.fromkeys(HEADINGS, 1)
    assert report.lines == report.outcomes.total() == 13
    assert str(report) == (
        "13 lines received from access.log\n"
        "        1 counted\n"
        "        1 not yet counted\n"
        "        1 double click\n"
        "        1 robot\n"
        "        1 remark\n"
        "        1 malformed: line 13\n"
        "        1 not a successful GET\n"
        "        1 not a page\n"
        "        1 unknown blog\n"
        "        1 blog not published\n"
        "        1 in the future\n"
        "        1 past retention\n"
        "        1 already imported"
    )


@pytest.mark.any_database
def test_report_names_the_malformed_lines():
    report = import_lines([b"bad", make_line(), b"bad", b"bad", make_line(), b"bad"])
    assert "4 malformed: line 1, 3-4, 6\n" in str(report)
    report = import_lines([make_line(), *[b"bad"] * 51])
    assert "51 malformed: line 2-51 ...\n" in str(report)


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        ("published", "counted"),
        ("archived", "counted"),
        ("draft", "blog not published"),
        ("in_review", "blog not published"),
    ],
)
def test_only_blogs_that_have_had_readers_are_counted(blog, status, heading):
    blog.status = status
    blog.save()
    assert import_lines([make_line()]).outcomes == {heading: 1}


def test_scheduled_blog_has_no_readers_yet(blog):
    blog.publish_at = AT + dt.timedelta(days=1)
    blog.save()
    assert import_lines([make_line()]).outcomes == {"blog not published": 1}


@pytest.mark.parametrize(
    ("time", "heading"),
    [("00:05:00", "not yet counted"), ("00:05:01", "in the future")],
)
def test_clocks_may_differ_by_five_minutes(blog, time, heading):
    line = make_line(time=f"01/Nov/2026:{time} +0000")
    assert import_lines([line]).outcomes == {heading: 1}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b"bad"] * 7, "access.log is in no format that is read. It begins:\n    bad\n    bad\n"),
        (
            [b"<b>\x00\xff" + b"x" * 200],
            "    <b>?\N{REPLACEMENT CHARACTER}" + "x" * 155 + " ...\nKnown formats: the combined",
        ),
        ([b"", b""], "(empty lines)"),
        (
            [b"2026-10-05 10:05:03 10.0.0.1 GET /a/ - 443 - 192.0.2.1 x - 200 0"],
            "put its #Fields line before them",
        ),
    ],
)
def test_log_of_an_unknown_format_is_refused_with_its_first_lines(lines, told):
    with pytest.raises(UnknownLogFormat) as refusal:
        import_lines(lines)
    assert told in str(refusal.value)
    assert "HAProxy" in str(refusal.value)
    assert not AccessLogImport.objects.exists()


@pytest.mark.any_database
def test_log_of_a_day_without_a_request_is_a_log():
    lines = [b"#Software: Microsoft Internet Information Services 10.0", b"#Fields: date time c-ip"]
    assert import_lines(lines).outcomes == {"remark": 2}
    assert import_lines([]).outcomes == {}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("slug", "path"),
    [
        ("cafe", "/blogs/caf%C3%A9/"),
        ("page1", "/blogs/p%61ge1/"),
        ("My-Page", "/blogs/My-Page/"),
        ("My-Page", "/blogs/my-page/"),
        ("my-page", "/blogs/MY-Page/"),
        ("my-page", "/blogs/my%2Dpage%2F"),
    ],
)
def test_address_is_its_blog_s_however_it_is_written(slug, path):
    blog = make_blog(slug=slug)
    report = import_lines(
        [make_line(f"GET {path} HTTP/1.1")], path_pattern="^/blogs/(?P<slug>.+)/$"
    )
    assert report.outcomes == {"counted": 1}
    assert BlogView.objects.get().blog == blog


@pytest.mark.any_database
def test_of_two_slugs_that_differ_in_case_the_one_that_was_asked_for_is_meant():
    make_blog(slug="My-Page")
    blog = make_blog(slug="my-page")
    import_lines([make_line("GET /blogs/my-page/ HTTP/1.1")])
    assert BlogView.objects.get().blog == blog


@pytest.mark.any_database
def test_one_reader_is_one_however_a_log_writes_the_address(blog):
    hosts = ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:0db8::0001"]
    lines = [make_line(host=host, size=number) for number, host in enumerate(hosts)]
    lines.append(make_line(host="10.0.0.1", more=' "[2001:db8::1]:443"'))
    import_lines(lines, trusted_proxies=1)
    assert BlogView.objects.count() == 4
    assert BlogView.objects.values("reader_key", "address_key").distinct().count() == 1


@pytest.mark.thorough
def test_no_byte_stops_an_import(blog):
    odd = [bytes([byte]) * 60 for byte in range(256) if byte != 10]
    lines = [make_line(user_agent=text.decode(errors="surrogateescape")) for text in odd]
    lines += [make_line(f"GET /blogs/{text.decode('latin-1')}/ HTTP/1.1") for text in odd]
    report = import_lines([*lines, *odd], path_pattern=r"^/blogs/(?P<slug>.*)/$")
    assert report.lines == report.outcomes.total() == 3 * 255


def test_import_is_recorded_with_what_its_lines_came_to(blog):
    import_lines([make_line(), make_line("GET / HTTP/1.1")])
    row = AccessLogImport.objects.get()
    assert (row.file_name, row.path_pattern, row.started_at) == ("access.log", OWN_PAGES, AT)
    assert row.finished_at is not None
    assert (row.lines, row.outcomes) == (2, {"counted": 1, "not a page": 1})
    assert BlogView.objects.get().log_import == row


def test_import_keeps_which_file_it_was_and_who_started_it(blog):
    anna = make_user("anna.finance")
    import_lines([make_line()], by=anna)
    row = AccessLogImport.objects.get()
    assert (row.sha256, row.by) == (hashlib.sha256(make_line() + b"\n").hexdigest(), anna)


@pytest.mark.parametrize(
    ("time", "heading"), [("21:59:59", "past retention"), ("22:00:00", "counted")]
)
def test_views_of_a_day_that_was_dropped_are_not_counted_again(blog, settings, time, heading):
    settings.TIME_ZONE = "Europe/Berlin"
    make_retired_total(dt.date(2015, 5, 17), "robot", 1)
    line = make_line(time=f"17/May/2015:{time} +0000")
    assert import_lines([line]).outcomes == {heading: 1}


@pytest.mark.any_database
def test_line_without_a_user_agent_is_a_robot_as_the_counter_list_has_it(blog, settings):
    settings.ROBOT_LISTS = ["counter"]
    common = make_line().partition(b' "-" ')[0]
    assert import_lines([common, make_line(user_agent="-")]).outcomes == {"robot": 2}


@pytest.mark.any_database
@pytest.mark.parametrize(("trusted_proxies", "readers"), [(None, 1), (0, 1), (1, 2), (2, 3)])
def test_forwarded_address_is_believed_for_so_many_proxies(blog, trusted_proxies, readers):
    lists = ["203.0.113.1, 198.51.100.1", "203.0.113.2, 198.51.100.1", "203.0.113.3, 198.51.100.2"]
    lines = [make_line(more=f' "{addresses}"') for addresses in lists]
    import_lines(lines, trusted_proxies=trusted_proxies)
    assert BlogView.objects.values("reader_key").distinct().count() == readers


@pytest.mark.any_database
def test_progress_is_told_by_the_portion(blog, monkeypatch):
    monkeypatch.setattr(access_log, "LINES_AT_A_TIME", 2)
    told = []
    lines = [make_line(), b"x", b"x"]
    import_lines(lines, show_progress=lambda *numbers: told.append(numbers))
    size = len(make_line()) + 5
    assert told == [(size, 2), (size, 3)]


BYTES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([make_line(), make_line()[:-1], b"{}", b'{"status": 200}']),
    st.builds(
        lambda text: make_line(user_agent=text), st.text(st.characters(codec="latin-1"), max_size=9)
    ),
    st.builds(
        lambda number, byte: make_line()[:number] + byte + make_line()[number + 1 :],
        st.integers(0, 150),
        st.binary(max_size=2),
    ),
)


@pytest.mark.thorough
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(BYTES, max_size=20), pack=st.sampled_from([bytes, gzip.compress, bz2.compress])
)
def test_arbitrary_bytes_never_crash_an_import_and_always_add_up(blog, lines, pack):
    data = b"\n".join(lines)
    # A first line that starts as a packed file does is read, or refused, as one.
    assume(not data.startswith((GZIP, BZIP2, *NOT_READ)))
    file = io.BytesIO(pack(data))
    try:
        report = import_access_log(file=file, file_name="a", path_pattern=OWN_PAGES, at=AT)
    except UnknownLogFormat:
        assert make_line() not in data.split(b"\n")
        return
    assert (
        report.lines
        == report.outcomes.total()
        == len(data.split(b"\n")) - data.endswith(b"\n") - (not data)
    )
    assert set(report.outcomes) <= set(HEADINGS)


def test_name_of_the_file_may_hold_any_byte():
    report = import_access_log(
        file=io.BytesIO(), file_name="\udce4.log", path_pattern=OWN_PAGES, at=AT
    )
    assert report.file_name == AccessLogImport.objects.get().file_name == "?.log"


def test_click_counted_as_it_happened_is_folded_with_those_of_the_log(blog):
    make_click(blog)
    import_lines([make_line()])
    assert views_by_slug() == {"arp-security": 2}


def test_dry_run_reports_the_same_and_writes_nothing(blog):
    lines = [make_line(), make_line(time="17/May/2015:10:05:33 +0000"), b""]
    report = import_lines(lines, dry_run=True)
    assert str(report).endswith("\nDry run: nothing was written.")
    for model in (AccessLogImport, BlogView, DailyViewCount, MonthlyViewCount, ReaderSalt):
        assert not model.objects.exists()
    assert import_lines(lines).outcomes == report.outcomes


def test_dry_run_leaves_the_views_of_others_pending(blog):
    make_click(blog)
    import_lines([make_line()], dry_run=True)
    assert BlogView.objects.get().outcome == "pending"


def test_refused_pattern_leaves_no_trace():
    with pytest.raises(InvalidPathPattern):
        import_lines([make_line()], path_pattern="blog")
    assert not AccessLogImport.objects.exists()


def stop_in_portion(monkeypatch, number, error):
    """Let the writing of one portion of lines fail once its views are added."""
    portions = iter(range(1, 1000))

    def note(log_import, report):
        if next(portions) == number:
            raise error
        original(log_import, report)

    original = access_log._note
    monkeypatch.setattr(access_log, "_note", note)


@pytest.mark.thorough
@pytest.mark.parametrize("portion", [1, 2, 4])
def test_import_that_was_stopped_is_completed_by_the_next(
    semicomplete, semicomplete_lines, monkeypatch, portion
):
    monkeypatch.setattr(access_log, "LINES_AT_A_TIME", 3000)
    with monkeypatch.context() as context:
        stop_in_portion(context, portion, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            import_lines(semicomplete_lines, path_pattern=ARTICLES)

    stopped = AccessLogImport.objects.get()
    assert stopped.finished_at is None
    assert stopped.lines == sum(stopped.outcomes.values()) == (portion - 1) * 3000
    already_there = BlogView.objects.count()
    report = import_lines(semicomplete_lines, path_pattern=ARTICLES)
    assert report.outcomes["already imported"] == already_there
    expected = read_expected(semicomplete, "views_200_304_isbot")
    assert views_by_slug() == {slug: views for slug, views in expected.items() if views}


def test_failed_portion_leaves_no_view_behind(blog, monkeypatch):
    stop_in_portion(monkeypatch, 1, DatabaseError)
    with pytest.raises(DatabaseError):
        import_lines([make_line()])
    assert not BlogView.objects.exists()


def test_file_that_breaks_off_leaves_what_was_read_before(blog, monkeypatch):
    monkeypatch.setattr(access_log, "LINES_AT_A_TIME", 1)
    lines = [make_line(), make_line(host="192.0.2.2")]

    def break_off(log):
        yield lines[0]
        raise UnreadableAccessLog("end-of-stream marker")

    with monkeypatch.context() as context:
        context.setattr(LogFile, "read_lines", break_off)
        with pytest.raises(UnreadableAccessLog):
            import_lines(lines)
    assert (AccessLogImport.objects.get().lines, BlogView.objects.count()) == (1, 1)
    assert import_lines(lines).outcomes == {"counted": 1, "already imported": 1}


def test_number_of_queries_depends_on_portions_and_not_on_lines(blog):
    import_lines([make_line()])
    numbers = []
    for count in (2, 20):
        lines = [make_line(host=f"198.51.{count}.{host}", size=count) for host in range(count)]
        with CaptureQueriesContext(connection) as queries:
            import_lines(lines)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


@pytest.mark.any_database
def test_file_is_read_as_it_is_needed(monkeypatch):
    """No more than a portion of lines is ever held."""
    monkeypatch.setattr(access_log, "LINES_AT_A_TIME", 10)
    read = 0

    def lines(log):
        nonlocal read
        for read in islice(range(1, 101), 100):
            taken = AccessLogImport.objects.first()
            assert read <= (taken.lines if taken else 0) + 10
            yield make_line("GET / HTTP/1.1")

    monkeypatch.setattr(LogFile, "read_lines", lines)
    assert import_lines([]).outcomes == {Skipped.NOT_A_PAGE: 100}
    assert read == 100


@pytest.mark.any_database
def test_import_keeps_how_many_proxies_it_believed():
    assert import_lines([make_line()], trusted_proxies=2).log_import.trusted_proxies == 2
    assert import_lines([make_line()]).log_import.trusted_proxies == 0
