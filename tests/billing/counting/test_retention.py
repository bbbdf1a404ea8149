import datetime as dt
import io

import pytest
from django.core.management import call_command

from backoffice.jobs import run_job
from billing.counting.folding import fold_views
from billing.counting.retention import last_retired_day, purge_readers, retire_day
from billing.errors import NotSealed
from billing.models import BlogView, DailyViewCount, ReaderSalt, RetiredViewTotal
from billing.payouts import steps
from tests.billing.at_once import at_once
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.clicks import IN_SEPTEMBER, approve_month, click
from tests.billing.tampering import change
from tests.factories import NOON, make_blog, make_price, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.usefixtures("lock_order"),
    pytest.mark.postgresql,
]

HOUR = dt.timedelta(hours=1)
NOTHING = "0 salts destroyed; 0 views of 0 days dropped."


@pytest.fixture
def blog():
    blog = make_blog()
    make_price(blog.category, "10")
    return blog


@pytest.fixture
def keep_30_days(settings):
    settings.VIEW_RETENTION_DAYS = 30


def make_salt(day, created_at):
    salt = ReaderSalt.objects.create(day=day, salt=b"s" * 32)
    ReaderSalt.objects.filter(pk=salt.pk).update(created_at=created_at)


def totals():
    return {
        (row.day.day, row.outcome): row.views for row in RetiredViewTotal.objects.order_by("pk")
    }


def test_salt_is_destroyed_after_48_hours_by_when_it_was_made():
    make_salt(dt.date(2026, 11, 20), AT - 48 * HOUR - dt.timedelta(seconds=1))
    make_salt(dt.date(2026, 11, 21), AT - 47 * HOUR)
    make_salt(dt.date(2015, 5, 17), AT - HOUR)  # of an old log that is being imported
    assert purge_readers(at=AT).salts == 1
    assert set(ReaderSalt.objects.values_list("day", flat=True)) == {
        dt.date(2026, 11, 21), dt.date(2015, 5, 17)
    }  # fmt: skip
    assert purge_readers(at=AT).salts == 0


@pytest.mark.thorough
def test_views_past_retention_of_a_paid_month_become_totals(blog, keep_30_days):
    click(blog, 0, 10, 60, start=IN_SEPTEMBER)
    click(blog, 120, start=IN_SEPTEMBER, user_agent="Googlebot/2.1")
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER + dt.timedelta(days=5))
    approve_month(SEPTEMBER)
    click(blog, 0, start=AT - dt.timedelta(days=1))
    counts = list(DailyViewCount.objects.values_list("day", "views"))
    result = purge_readers(at=AT)
    assert (result.views, result.days, result.hindrance) == (14, 2, "")
    assert totals() == {
        (10, "counted"): 2, (10, "double_click"): 1, (10, "robot"): 1, (15, "counted"): 10
    }  # fmt: skip
    assert BlogView.objects.count() == 1
    assert list(DailyViewCount.objects.values_list("day", "views")) == counts
    assert last_retired_day() == dt.date(2026, 9, 15)


@pytest.mark.thorough
def test_second_purge_finds_nothing(blog, keep_30_days):
    click(blog, 0, 60, start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    purge_readers(at=AT)
    before = totals()
    assert str(purge_readers(at=AT)) == "0 salts destroyed; 0 views of 0 days dropped."
    assert totals() == before


@pytest.mark.thorough
@pytest.mark.parametrize(("days", "left"), [(40, 1), (38, 0)])
def test_day_is_kept_until_its_retention_is_over(blog, settings, days, left):
    settings.VIEW_RETENTION_DAYS = days
    click(blog, 0, start=NOON - dt.timedelta(days=1))  # 14 October, 39 days before AT
    for _ in range(9):
        click(make_blog(author=blog.author, category=blog.category), 0, start=NOON)
    approve_month(OCTOBER)
    purge_readers(at=AT)
    assert BlogView.objects.filter(day=dt.date(2026, 10, 14)).count() == left


@pytest.mark.thorough
def test_views_of_a_month_that_nobody_approved_are_kept(blog, keep_30_days):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    batch, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    result = purge_readers(at=AT)
    assert "September 2026 are kept: its payout batch is not approved" in str(result)
    assert BlogView.objects.count() == 10


@pytest.mark.thorough
def test_views_of_a_month_with_pending_ones_are_kept(blog, keep_30_days):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    click(blog, 9000, start=IN_SEPTEMBER)
    assert "some are not counted yet" in purge_readers(at=AT).hindrance
    assert BlogView.objects.count() == 11


def test_views_of_a_month_that_is_not_closed_are_kept(blog, settings):
    settings.VIEW_RETENTION_DAYS = 0
    click(blog, 0, start=AT - dt.timedelta(days=2))
    fold_views(at=AT)
    assert "not closed" in purge_readers(at=AT).hindrance
    assert BlogView.objects.count() == 1


@pytest.mark.thorough
def test_views_that_do_not_come_to_the_counts_are_kept(blog, keep_30_days):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    change(DailyViewCount.objects.all(), views=9)
    assert "their sum is not what was counted" in purge_readers(at=AT).hindrance
    assert BlogView.objects.count() == 10


def test_month_of_robots_alone_needs_no_batch(blog, keep_30_days):
    click(blog, 0, 60, start=IN_SEPTEMBER, user_agent="Googlebot/2.1")
    assert "some are not under seal yet" in purge_readers(at=AT).hindrance
    fold_views(at=AT)
    assert purge_readers(at=AT).views == 2
    assert totals() == {(10, "robot"): 2}


@pytest.mark.thorough
def test_purge_stops_at_the_first_month_that_is_not_sealed(blog, keep_30_days):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER - dt.timedelta(days=31))
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    assert "August 2026 are kept" in purge_readers(at=AT).hindrance
    assert last_retired_day() is None


@pytest.mark.thorough
def test_day_that_is_retired_twice_adds_to_its_totals(blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    retire_day(dt.date(2026, 9, 10), at=AT)
    click(blog, 0, start=IN_SEPTEMBER, user_agent="Googlebot/2.1")
    click(blog, 6000, start=IN_SEPTEMBER)
    fold_views(at=AT)
    assert retire_day(dt.date(2026, 9, 10), at=AT) == 2
    assert totals() == {(10, "counted"): 11, (10, "robot"): 1}


def test_refusal_leaves_everything_as_it_was(blog):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    fold_views(at=AT)
    with pytest.raises(NotSealed):
        retire_day(dt.date(2026, 9, 10), at=AT)
    assert (BlogView.objects.count(), totals()) == (10, {})


@pytest.mark.thorough
def test_day_takes_as_many_queries_for_10_views_as_for_100(blog, django_assert_max_num_queries):
    click(blog, *range(0, 6000, 60), start=IN_SEPTEMBER)
    approve_month(SEPTEMBER)
    with django_assert_max_num_queries(20):
        retire_day(dt.date(2026, 9, 10), at=AT)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_four_purges_at_once_leave_the_totals_of_one(blog, keep_30_days):
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER)
    click(blog, *range(0, 600, 60), start=IN_SEPTEMBER + dt.timedelta(days=1))
    approve_month(SEPTEMBER)
    results = at_once(lambda number: purge_readers(at=AT), number=4)
    assert sum(result.views for result in results) == 20
    assert totals() == {(10, "counted"): 10, (11, "counted"): 10}


def test_command_prints_one_line():
    make_salt(dt.date(2020, 1, 1), AT - 9000 * HOUR)
    output = io.StringIO()
    call_command("purge_readers", stdout=output)
    assert output.getvalue() == "1 salts destroyed; 0 views of 0 days dropped.\n"


def test_purge_is_an_hourly_job_and_recorded(settings):
    assert ("40 * * * *", "backoffice.jobs.run_job", ["purge_readers"]) in settings.CRONJOBS
    run = run_job("purge_readers")
    assert (run.status, run.output) == ("succeeded", NOTHING)
