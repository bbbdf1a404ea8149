import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from billing import periods
from billing.errors import InvalidMonth

pytestmark = pytest.mark.any_database

UTC = dt.UTC


@pytest.mark.parametrize(
    ("text", "month"), [("2026-10", dt.date(2026, 10, 1)), ("2024-02", dt.date(2024, 2, 1))]
)
def test_month_is_the_date_of_its_first_day(text, month):
    assert periods.parse_month(text) == month
    assert periods.format_month(month) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-13", "2026-00", "10-2026", "2026-10-01", "October"),
        *("9999-12", "0001-01", "0000-01"),  # nobody can say what comes next to it
    ],
)
def test_what_is_no_month_is_refused_with_an_example(text):
    with pytest.raises(InvalidMonth, match=r"2026-10"):
        periods.parse_month(text)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (dt.datetime(2026, 1, 31, 22, 59, 59, 999_999, UTC), dt.date(2026, 1, 31)),
        (dt.datetime(2026, 1, 31, 23, 0, 0, 0, UTC), dt.date(2026, 2, 1)),
        # Summer time begins: the 29th has 23 hours.
        (dt.datetime(2026, 3, 28, 22, 59, 59, 999_999, UTC), dt.date(2026, 3, 28)),
        (dt.datetime(2026, 3, 28, 23, 0, 0, 0, UTC), dt.date(2026, 3, 29)),
        (dt.datetime(2026, 3, 29, 21, 59, 59, 999_999, UTC), dt.date(2026, 3, 29)),
        (dt.datetime(2026, 3, 29, 22, 0, 0, 0, UTC), dt.date(2026, 3, 30)),
        # Summer time ends: the 25th has 25 hours.
        (dt.datetime(2026, 10, 24, 21, 59, 59, 999_999, UTC), dt.date(2026, 10, 24)),
        (dt.datetime(2026, 10, 24, 22, 0, 0, 0, UTC), dt.date(2026, 10, 25)),
        (dt.datetime(2026, 10, 25, 22, 59, 59, 999_999, UTC), dt.date(2026, 10, 25)),
        (dt.datetime(2026, 10, 25, 23, 0, 0, 0, UTC), dt.date(2026, 10, 26)),
        (dt.datetime(2024, 2, 29, 23, 30, tzinfo=ZoneInfo("Europe/Berlin")), dt.date(2024, 2, 29)),
    ],
)
def test_day_is_cut_in_the_billing_time_zone(settings, moment, day):
    settings.TIME_ZONE = "Europe/Berlin"
    assert periods.day_of(moment) == day


def test_day_does_not_follow_the_time_zone_that_a_user_activated(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    with periods.timezone.override("Pacific/Auckland"):
        assert periods.day_of(dt.datetime(2026, 6, 1, 12, 0, tzinfo=UTC)) == dt.date(2026, 6, 1)


@pytest.mark.parametrize(
    ("month", "following"),
    [
        (dt.date(2026, 1, 1), dt.date(2026, 2, 1)),
        (dt.date(2024, 2, 1), dt.date(2024, 3, 1)),
        (dt.date(2026, 12, 1), dt.date(2027, 1, 1)),
    ],
)
def test_months_follow_each_other(month, following):
    assert periods.next_month(month) == following
    assert periods.previous_month(following) == month
    assert periods.month_of(following - dt.timedelta(days=1)) == month


def test_range_of_months_is_half_open():
    months = list(periods.iter_months(dt.date(2026, 11, 1), dt.date(2027, 2, 1)))
    assert months == [dt.date(2026, 11, 1), dt.date(2026, 12, 1), dt.date(2027, 1, 1)]
    assert list(periods.iter_months(dt.date(2026, 11, 1), dt.date(2026, 11, 1))) == []


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (dt.datetime(2026, 11, 2, 22, 59, 59, 999_999, UTC), dt.date(2026, 9, 1)),
        (dt.datetime(2026, 11, 2, 23, 0, tzinfo=UTC), dt.date(2026, 10, 1)),
        (dt.datetime(2027, 1, 2, 12, 0, tzinfo=UTC), dt.date(2026, 11, 1)),
        (dt.datetime(2027, 1, 3, 12, 0, tzinfo=UTC), dt.date(2026, 12, 1)),
    ],
)
def test_month_closes_once_its_days_of_grace_are_over(settings, at, month):
    settings.TIME_ZONE = "Europe/Berlin"
    settings.PAYOUT_GRACE_DAYS = 2
    assert periods.last_closed_month(at) == month
