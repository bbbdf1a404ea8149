"""No clock alone ends a month or destroys a view."""

import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from backoffice.models import JobRun
from billing.counting.folding import fold_views
from billing.counting.retention import purge_readers
from billing.errors import ClockDoubted, MonthNotClosed
from billing.models import BlogView, PayoutBatch, ReaderSalt
from billing.payouts import steps
from billing.payouts.steps import build_batch, build_closed_months
from tests.billing.clicks import approve_month
from tests.factories import make_blog, make_click, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

IN_OCTOBER = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)
THIRD = dt.datetime(2026, 11, 3, 3, 20, tzinfo=dt.UTC)  # October and its days of grace are over
YEARS = dt.timedelta(days=3 * 365)


@pytest.fixture
def blog():
    blog = make_blog(publish_at=IN_OCTOBER)
    make_price(blog.category, "10")
    return blog


def make_run(at):
    return JobRun.objects.create(
        name="fold_views", status=JobRun.Status.SUCCEEDED, started_at=at, finished_at=at
    )


def months():
    return [batch.month for batch in PayoutBatch.objects.all()]


@pytest.mark.parametrize("has_jobs", [True, False])
def test_clock_years_ahead_purges_and_builds_nothing(blog, has_jobs):
    for minute in range(5):
        make_click(blog, 60 * minute, start=IN_OCTOBER)
    fold_views(at=IN_OCTOBER + dt.timedelta(hours=1))
    approve_month(OCTOBER, at=THIRD)
    make_click(blog, start=THIRD)
    if has_jobs:
        make_run(THIRD)
    salts = ReaderSalt.objects.count()
    with time_machine.travel(THIRD + YEARS, tick=False):
        for command in ("fold_views", "purge_readers", "build_payout_batch"):
            with pytest.raises(CommandError, match="The clock says 2 Nov 2029"):
                call_command(command, stdout=StringIO())
        with pytest.raises(ClockDoubted):
            build_batch(month=dt.date(2026, 11, 1))
    assert BlogView.objects.count() == 6
    assert BlogView.objects.pending().count() == 1
    assert ReaderSalt.objects.count() == salts
    assert months() == [OCTOBER]


def test_clock_years_behind_does_nothing_either(blog):
    make_run(THIRD)
    with time_machine.travel(THIRD - YEARS, tick=False), pytest.raises(ClockDoubted):
        purge_readers()


def test_purge_goes_on_once_the_clock_is_confirmed():
    make_run(THIRD)
    make_user(username="edith")
    with time_machine.travel(THIRD + dt.timedelta(days=30), tick=False):
        call_command("confirm_clock", by="edith", reason="Off for a month.", stdout=StringIO())
        assert purge_readers().days == 0


def test_month_is_built_once_a_view_came_after_its_days_of_grace(blog):
    make_click(blog, start=IN_OCTOBER)
    make_run(THIRD - dt.timedelta(days=1))  # within the jump that is allowed
    with time_machine.travel(THIRD, tick=False):
        with pytest.raises(MonthNotClosed):
            build_batch(month=OCTOBER)
        assert build_closed_months() == []
        make_click(blog, start=THIRD)
        assert [batch.month for batch in build_closed_months()] == [OCTOBER]


def test_month_is_built_once_a_job_came_after_its_days_of_grace_though_nobody_reads(blog):
    make_click(blog, start=IN_OCTOBER)
    make_run(THIRD)
    with time_machine.travel(THIRD, tick=False):
        assert [batch.month for batch in build_closed_months()] == [OCTOBER]


def test_view_of_a_web_machine_years_ahead_ends_no_month_and_makes_no_time_believed(blog):
    make_click(blog, start=IN_OCTOBER)
    make_click(blog, start=THIRD + YEARS)
    make_run(IN_OCTOBER)
    output = StringIO()
    with time_machine.travel(IN_OCTOBER + dt.timedelta(hours=1), tick=False):
        call_command("fold_views", stdout=output)
        assert build_closed_months() == []
        with pytest.raises(MonthNotClosed):
            steps.build_batch(month=OCTOBER)
    assert "1 views are dated later than now" in output.getvalue()
    with time_machine.travel(THIRD + YEARS, tick=False), pytest.raises(ClockDoubted):
        purge_readers()
    assert BlogView.objects.pending().count() == 1
