import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command

from billing.counting.folding import fold_views
from billing.counting.recounting import recount_month
from billing.models import BlogView
from tests.billing.batches import AT, OCTOBER
from tests.billing.tampering import change
from tests.factories import NOON, make_blog, make_click, make_finding, make_retired_total, make_user
from tests.snapshots import snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOVEMBER = dt.date(2026, 11, 1)
MIDNIGHT = dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC)  # in Berlin


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.fixture
def blog():
    return make_blog(author=make_user(first_name="Ada", last_name="Example"))


def recount(month=OCTOBER):
    """Return {author: (counted then, would be counted)}."""
    found = recount_month(month)
    return {found.names[pk]: (found.then[pk], found.now[pk]) for pk in found.then | found.now}


def run(**options):
    output = io.StringIO()
    call_command("recount", month="2026-10", stdout=output, **options)
    return output.getvalue().splitlines()


def test_rules_that_have_not_changed_change_nothing(blog):
    for second in (0, 30, 45, 76, 200, 231):
        make_click(blog, second)
    make_click(blog, 300, user_agent="Googlebot/2.1")
    make_click(blog, 400, user=blog.author)
    fold_views(at=AT)
    assert recount() == {"Ada Example": (4, 4)}


def test_double_clicks_are_derived_anew(blog):
    for second in (0, 20, 100, 200):
        make_click(blog, second)
    fold_views(at=AT)
    BlogView.objects.filter(outcome="double_click").update(outcome="counted")
    assert recount() == {"Ada Example": (4, 3)}
    BlogView.objects.update(outcome="double_click")
    assert recount() == {"Ada Example": (0, 3)}


def test_double_clicks_across_midnight_and_the_month_s_end_are_seen(blog):
    make_click(blog, -20, start=MIDNIGHT)
    make_click(blog, 5, start=MIDNIGHT)
    fold_views(at=AT)
    assert recount() == {}
    assert recount(NOVEMBER) == {"Ada Example": (1, 1)}


def test_click_after_midnight_of_another_reader_or_too_late_changes_nothing(blog):
    make_click(blog, -20, start=MIDNIGHT)
    make_click(blog, 5, start=MIDNIGHT, ip_address="192.0.2.2")
    make_click(blog, 11, start=MIDNIGHT)
    fold_views(at=AT)
    assert recount() == {"Ada Example": (1, 1)}


def test_robots_whose_pattern_left_the_lists_would_be_readers(blog):
    for second in (0, 20, 100):
        make_click(blog, second, user_agent="Oldcrawler/1.0 bot")
    make_click(blog, 200, user_agent="Googlebot/2.1", ip_address="192.0.2.2")
    of_old_crawler = BlogView.objects.filter(viewed_at__lt=NOON + dt.timedelta(seconds=150))
    change(of_old_crawler, excluded_by="counter: oldcrawler")
    fold_views(at=AT)
    assert recount() == {"Ada Example": (0, 2)}
    assert "No robots by today's lists: counter: oldcrawler." in run()


def test_excluded_views_stay_excluded_and_pending_ones_wait(blog):
    for second in (0, 100, 200):
        make_click(blog, second)
    fold_views(at=AT)
    view = BlogView.objects.filter(viewed_at=NOON)
    view.update(outcome="excluded", finding=make_finding(blog))
    make_click(blog, 300)
    assert recount() == {"Ada Example": (2, 2)}
    assert "1 views are not counted yet and left out." in run()


def test_recount_prints_a_line_for_each_author_and_what_it_can_not_tell(blog):
    other = make_blog(author=make_user(first_name="Bo", last_name="Invented"))
    for second in (0, 20, 100):
        make_click(blog, second)
        make_click(other, second)
    fold_views(at=AT)
    BlogView.objects.filter(blog=blog).update(outcome="counted")
    make_retired_total(OCTOBER, "robot", 7)
    lines = run()
    assert lines[0].startswith("Views of 2026-10 by today's rules: COUNTER 5.1")
    assert lines[1:] == [
        "Ada Example: 3 counted, 2 would be, -1",
        "Bo Invented: 2 counted, 2 would be, +0",
        "all: 5 counted, 4 would be, -1",
        "7 views were dropped after the retention time and are left out.",
        "User agents are not kept: newer patterns and exceptions can't be tried on these views.",
        "Nothing was written.",
    ]


def test_recount_writes_nothing(blog):
    make_click(blog)
    before = snapshot()
    run()
    assert snapshot() == before


@pytest.mark.any_database
def test_recount_takes_no_dry_run_for_there_is_no_other():
    with pytest.raises(CommandError, match="unrecognized arguments: --dry-run"):
        call_command("recount", "--month=2026-10", "--dry-run")


@pytest.mark.any_database
def test_month_that_is_none_is_refused():
    with pytest.raises(CommandError, match="no month"):
        call_command("recount", month="October")


@pytest.mark.parametrize("pattern", ["counter: o'ld{2}", r"own: \bold%s", 'own: "old"'])
def test_pattern_may_hold_any_character(blog, pattern):
    make_click(blog, user_agent="Oldcrawler/1.0 bot")
    change(BlogView.objects.all(), excluded_by=pattern)
    fold_views(at=AT)
    assert recount() == {"Ada Example": (0, 1)}


def test_recount_takes_as_many_queries_for_2_authors_as_for_20(django_assert_num_queries):
    for number in (2, 18):
        for _ in range(number):
            make_click(make_blog())
        fold_views(at=AT)
        with django_assert_num_queries(8):
            recount_month(OCTOBER)
