"""The time now, for code that closes months or destroys views."""

import datetime as dt

from backoffice import clocks
from billing.errors import ClockDoubted
from billing.models import BlogView
from billing.periods import day_of, start_of


def read_clock() -> dt.datetime:
    """Return the time now. Raises ClockDoubted, whose message names the contradiction."""
    try:
        return clocks.read_clock()
    except clocks.ClockImplausible as error:
        raise ClockDoubted(str(error)) from error


def read_witnessed_time() -> dt.datetime:
    """Return the latest time that an event shows: a job that ended, or a view.

    A month is over once a reader came or a job succeeded after its end. Views dated later than now
    do not count. Raises ClockDoubted.
    """
    now = read_clock()
    mark = clocks.find_last_mark()
    if mark is None:
        return now
    latest = BlogView.objects.filter(day__lte=day_of(now)).order_by("-day")
    day = latest.values_list("day", flat=True).first()
    return min(now, max(mark, start_of(day)) if day else mark)


def find_latest_view() -> dt.datetime | None:
    """Return the start of the day of the latest view here, without imported views."""
    views = BlogView.objects.filter(log_import=None).order_by("-day")
    day = views.values_list("day", flat=True).first()
    return start_of(day) if day else None
