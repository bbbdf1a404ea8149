import datetime as dt
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.counting.access_logs.importing import import_access_log
from billing.counting.folding import fold_views
from billing.findings.detection import detect
from billing.models import BlogView, DailyViewCount, Finding
from tests.billing.counting.access_logs.logs import ARTICLES, HOWTOS, make_blogs, read_expected
from tests.factories import FIREFOX, make_blog, make_category, make_click, make_count

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

Kind = Finding.Kind
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)
MAY_2015, OCTOBER_2015 = dt.date(2015, 5, 1), dt.date(2015, 10, 1)
MIDNIGHT = dt.datetime(2026, 10, 14, 22, tzinfo=dt.UTC)  # in Berlin
MSIE = "Mozilla/4.0 (compatible; MSIE 5.5; Windows NT 5.0)"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0"


def found(month=OCTOBER, known=()):
    fold_views(at=AT)
    return list(detect(month=month, known=set(known)))


def sentences(month=OCTOBER, kind=None):
    return [finding.sentence for finding in found(month) if kind in (None, finding.kind)]


def click_as_people(blog, number, *, start=0, network="198.51.100"):
    """Make readers with different addresses, each with one of five browsers."""
    for n in range(start, start + number):
        address, agent = f"{network}.{n}", f"Mozilla/5.0 Firefox/{140 + n % 5}.0"
        make_click(blog, n * 40, ip_address=address, user_agent=agent)


def test_people_are_no_finding():
    for _ in range(3):
        click_as_people(make_blog(), 150)
    assert found() == []


@pytest.mark.thorough
def test_page_opened_every_31_seconds_all_night_is_counted_and_named():
    blog = make_blog()
    for n in range(800):
        make_click(blog, n * 31, start=MIDNIGHT)
    assert set(sentences()) == {
        "One reader opened this blog 800 times on 15 Oct 2026, with 800 clicks: 100 % of its "
        "800 counted views of October 2026.",
        "800 views of this blog counted in October 2026, by 1 readers of a day: 800.0 views each.",
        "87 % of this blog’s 800 counted views of October 2026 came between midnight and 6 in the "
        "morning; on the other blogs 0 %.",
    }
    assert DailyViewCount.objects.get().views == 800


@pytest.mark.thorough
def test_forged_x_forwarded_for_is_one_reader_and_named(client):
    blog = make_blog()
    for n in range(100):
        client.get(
            blog.get_absolute_url(),
            headers={"user-agent": FIREFOX, "x-forwarded-for": f"203.0.113.{n}"},
        )
    view = BlogView.objects.first()
    month = view.day.replace(day=1)
    assert set(BlogView.objects.values_list("reader_key", flat=True)) == {view.reader_key}
    fold_views(at=AT + dt.timedelta(days=3650))
    [finding] = detect(month=month, known=set())
    assert (finding.kind, finding.views) == (Kind.BUSY_READER, 1)
    assert "opened this blog once" in finding.sentence
    assert "with 100 clicks" in finding.sentence


@pytest.mark.thorough
def test_one_address_with_1000_user_agents_is_counted_and_named():
    blog = make_blog()
    click_as_people(blog, 200)
    for n in range(1000):
        make_click(blog, n, ip_address="203.0.113.9", user_agent=f"Mozilla/5.0 Made/{n}")
    assert sentences() == [
        "One address opened this blog 1,000 times on 15 Oct 2026 with 1,000 different "
        "browsers: 83 % of its 1,200 counted views of October 2026."
    ]


@pytest.mark.thorough
def test_one_agent_from_1000_addresses_is_counted_and_named():
    blog = make_blog()
    click_as_people(blog, 100)
    click_as_people(make_blog(), 100)
    for n in range(1000):
        address = f"10.0.{n // 250}.{n % 250}"
        make_click(blog, n * 20, ip_address=address, user_agent=MSIE)
    assert sentences() == [
        "One and the same browser opened this blog 1,000 times on 15 Oct 2026, from 1,000 "
        "addresses: 91 % of all 1,100 that the blog was opened from that day. On the other blogs, "
        "0 % had this browser."
    ]


@pytest.mark.thorough
def test_what_one_robot_does_makes_no_finding_of_the_readers_of_other_blogs():
    blogs = [make_blog() for _ in range(3)]
    for number, blog in enumerate(blogs):
        click_as_people(blog, 60, network=f"198.51.{number}")
    for n in range(500):
        make_click(blogs[0], n * 31, ip_address="203.0.113.1")
    for n in range(300):
        make_click(blogs[1], n, ip_address="203.0.113.2", user_agent=f"Mozilla/5.0 Made/{n}")
    for n in range(400):
        make_click(blogs[2], n, ip_address=f"10.0.{n // 250}.{n % 250}", user_agent=MSIE)
    named = {(finding.kind, finding.blog) for finding in found() if finding.day}
    assert named == {
        (Kind.BUSY_READER, blogs[0]),
        (Kind.MANY_AGENTS, blogs[1]),
        (Kind.SAME_AGENT, blogs[2]),
    }


@pytest.mark.thorough
def test_undeclared_robot_is_named_by_the_blogs_that_it_came_for():
    """146 hosts with one agent made 14 % of a site's views, on a few of its pages."""
    blogs = [make_blog() for _ in range(9)]
    for blog in blogs:
        click_as_people(blog, 100)
    for n in range(146):
        make_click(blogs[n % 2], n * 50, ip_address=f"10.0.0.{n}", user_agent=MSIE)
    assert [(finding.kind, finding.blog, finding.views) for finding in found()] == [
        (Kind.SAME_AGENT, blogs[0], 73),
        (Kind.SAME_AGENT, blogs[1], 73),
    ]


def test_common_browser_is_no_finding():
    chance = random.Random(1)
    for _ in range(5):
        blog = make_blog()
        for n in range(100):
            agent = CHROME if chance.random() < 0.3 else f"Mozilla/5.0 Other/{n % 20}"
            make_click(blog, n * 40, ip_address=f"198.51.100.{n}", user_agent=agent)
    assert found() == []


@pytest.mark.parametrize(("views", "is_named"), [(29, False), (30, True)])
def test_busy_reader_on_a_large_blog(views, is_named):
    blog = make_blog()
    click_as_people(blog, 200)
    for n in range(views):
        make_click(blog, n * 31)
    assert bool(sentences(kind=Kind.BUSY_READER)) == is_named


@pytest.mark.parametrize(("views", "is_named"), [(9, False), (10, True)])
def test_busy_reader_on_a_small_blog(views, is_named):
    blog = make_blog()
    click_as_people(blog, 30)
    for n in range(views):
        make_click(blog, n * 31)
    assert bool(sentences(kind=Kind.BUSY_READER)) == is_named


def test_busy_address_with_a_few_readers_is_named():
    blog = make_blog()
    for n in range(120):
        make_click(blog, n * 31, user_agent=f"Mozilla/5.0 Office/{n % 6}")
    [sentence] = sentences(kind=Kind.BUSY_ADDRESS)
    assert sentence.startswith("One address opened this blog 120 times on 15 Oct 2026, as 6")


@pytest.mark.thorough
@pytest.mark.parametrize(("robots", "is_named"), [(299, False), (300, True)])
def test_blog_that_mostly_robots_come_to_is_named(robots, is_named):
    blog = make_blog()
    click_as_people(blog, 100)
    for n in range(robots):
        make_click(blog, n, user_agent="Googlebot/2.1")
    assert bool(sentences(kind=Kind.ROBOT_SHARE)) == is_named
    if is_named:
        assert sentences() == [
            "75 % of the 400 views that this blog received in October 2026 were robots. 100 "
            "counted."
        ]


def test_more_views_than_in_three_months_before_is_a_spike():
    old, new = make_blog(), make_blog()
    for month in (7, 8, 9):
        make_count(old, 100, dt.date(2026, month, 5))
    make_count(old, 301, dt.date(2026, 10, 5))
    make_count(new, 100, dt.date(2026, 9, 5))
    make_count(new, 5000, dt.date(2026, 10, 5))
    assert sentences() == [
        "301 views of this blog counted in October 2026: more than in the three months before "
        "together, which had 300."
    ]


@pytest.mark.parametrize(
    ("before", "now", "is_spike"), [(1, 299, False), (1, 300, True), (100, 300, False)]
)
def test_spike_has_300_views_and_more_than_three_months_together(before, now, is_spike):
    blog = make_blog()
    for month in (7, 8, 9):
        make_count(blog, before, dt.date(2026, month, 5))
    make_count(blog, now, dt.date(2026, 10, 5))
    assert len(sentences()) == is_spike


@pytest.mark.parametrize(("months", "is_spike"), [((8, 9), False), ((7, 8, 9), True)])
def test_months_before_a_spike_are_counted_once_in_each_category(months, is_spike):
    blog = make_blog()
    for month in months:
        make_count(blog, 10, dt.date(2026, month, 5))
    blog.category = make_category()
    make_count(blog, 10, dt.date(2026, 9, 6))
    make_count(blog, 500, dt.date(2026, 10, 5))
    assert len(sentences()) == is_spike


@pytest.mark.thorough
def test_site_that_is_read_around_the_clock_has_no_flat_night():
    for _ in range(4):
        blog = make_blog()
        for n in range(100):
            agent = f"Mozilla/5.0 Firefox/{n % 9}"
            make_click(
                blog, n * 800, start=MIDNIGHT, ip_address=f"198.51.100.{n}", user_agent=agent
            )
    assert sentences(kind=Kind.FLAT_NIGHT) == []


def test_night_is_that_of_the_billing_time_zone_on_the_day_the_clocks_go_back():
    blog = make_blog()
    six_in_berlin = dt.datetime(2026, 10, 25, 5, tzinfo=dt.UTC)
    for n in range(100):
        agent = f"Mozilla/5.0 Firefox/{n % 9}"
        address = f"198.51.100.{n}"
        make_click(blog, n - 50, start=six_in_berlin, ip_address=address, user_agent=agent)
    [finding] = [finding for finding in found() if finding.kind == Kind.FLAT_NIGHT]
    assert finding.views == 50


def test_late_view_of_an_excluded_reader_is_named_on_that_blog_alone():
    blog, other = make_blog(), make_blog()
    view = make_click(blog)
    make_click(other)
    known = {(blog.pk, blog.author_id, bytes(view.reader_key))}
    assert [(finding.blog, finding.views) for finding in found(known=known)] == [(blog, 1)]


@pytest.mark.thorough
def test_undeclared_robot_in_a_real_log_is_named(semicomplete, settings):
    """Firefox 2.0.0.4, of 2007, from dozens of hosts in 2015."""
    settings.TIME_ZONE = "UTC"
    with (semicomplete / "apache_logs").open("rb") as log:
        import_access_log(file=log, file_name="a", path_pattern=ARTICLES, at=AT)
    assert sentences(MAY_2015) == [
        "One and the same browser opened this blog 9 times on 18 May 2015, from 9 addresses: 69 % "
        "of all 13 that the blog was opened from that day. On the other blogs, 11 % had this "
        "browser."
    ]


@pytest.mark.thorough
def test_attackers_of_a_real_log_are_named(shared_data, settings):
    """All 242 counted views are of attackers with the user agents of browsers."""
    settings.TIME_ZONE = "UTC"
    folder = shared_data / "access-log-basjes"
    make_blogs(read_expected(folder, "views_200"))
    with (folder / "hackers-access.log").open("rb") as log:
        import_access_log(file=log, file_name="b", path_pattern=HOWTOS, at=AT)
    findings = found(OCTOBER_2015)
    assert {finding.kind for finding in findings} == {Kind.SAME_AGENT}
    assert len({finding.day for finding in findings}) == 4
    assert sum(finding.views for finding in findings) == 59


@pytest.mark.thorough
@pytest.mark.parametrize("blogs", [1, 10])
def test_queries_do_not_grow(blogs):
    for _ in range(blogs):
        click_as_people(make_blog(), 20)
    fold_views(at=AT)
    with CaptureQueriesContext(connection) as queries:
        list(detect(month=OCTOBER, known=set()))
    assert len(queries) == 6
