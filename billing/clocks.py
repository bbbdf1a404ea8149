"""The time now, for what ends months and destroys views."""

import datetime as dt

from django.utils import timezone

from backoffice import clocks
from billing.errors import ClockDoubted
from billing.models import BlogView
from billing.periods import day_of


def read_clock() -> dt.datetime:
    """Return the time now. Raises ClockDoubted, whose message says what contradicts it."""
    try:
        return clocks.read_clock()
    except clocks.ClockImplausible as error:
        raise ClockDoubted(str(error)) from error


def read_witnessed_time() -> dt.datetime:
    """Return the latest time of which there is more than a clock: a job that ended, or a view.

    A month is over once something happened after it: a reader came, or, where nobody reads, a job
    succeeded. A view that is dated later than now is no witness. Raises ClockDoubted.
    """
    now = read_clock()
    mark = clocks.find_last_mark()
    if mark is None:
        return now
    latest = BlogView.objects.filter(day__lte=day_of(now)).order_by("-day")
    day = latest.values_list("day", flat=True).first()
    return min(now, max(mark, _start_of(day)) if day else mark)


def find_latest_view() -> dt.datetime | None:
    """Return the day of the latest view that a reader made here. An imported log may be old."""
    views = BlogView.objects.filter(log_import=None).order_by("-day")
    day = views.values_list("day", flat=True).first()
    return _start_of(day) if day else None


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_default_timezone())
