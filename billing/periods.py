"""Days and months in the one billing time zone. A month is the date of its first day."""

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from billing.errors import InvalidMonth

FIRST_YEAR, END_YEAR = 1900, 3000  # the month before and the month after can be written, too


def parse_month(text: str) -> dt.date:
    """Return the first day of a month written as 2026-10. Raises InvalidMonth."""
    try:
        month = dt.datetime.strptime(text, "%Y-%m").date()
        if not FIRST_YEAR <= month.year < END_YEAR:
            raise ValueError
        return month
    except ValueError:
        raise InvalidMonth(f"“{text}” is no month. Write it as year-month: 2026-10.") from None


def format_month(month: dt.date) -> str:
    return f"{month:%Y-%m}"


def day_of(moment: dt.datetime) -> dt.date:
    """Return the day of an aware datetime in the billing time zone."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def start_of(day: dt.date) -> dt.datetime:
    """Return the moment at which a day begins in the billing time zone."""
    return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_default_timezone())


def today() -> dt.date:
    """Return the day that it is now in the billing time zone."""
    return day_of(timezone.now())


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def previous_month(month: dt.date) -> dt.date:
    return (month - dt.timedelta(days=1)).replace(day=1)


def iter_months(first: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Yield the months from `first` to the one before `end`."""
    while first < end:
        yield first
        first = next_month(first)


def closes_on(month: dt.date) -> dt.date:
    """Return the first day on which the month may be paid: its end and the days of grace."""
    return next_month(month) + dt.timedelta(days=settings.PAYOUT_GRACE_DAYS)


def last_closed_month(at: dt.datetime) -> dt.date:
    """Return the latest month whose days of grace are over at `at`."""
    month = previous_month(month_of(day_of(at)))
    return month if closes_on(month) <= day_of(at) else previous_month(month)
