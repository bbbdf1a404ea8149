"""Checks this machine's clock before a job trusts it.

A clock that is years ahead destroys what is kept for years, and ends months that are not over. The
time that is believed is that of the last job that succeeded, which was held against the one before
it, and so on: a clock moves no further than settings.CLOCK_JUMP_DAYS from there until a person
says that it is right. Jobs run every few minutes, so a house without a single reader is as sure.

What readers' pages date by their machine's clock is no such witness: one machine whose clock is
wrong would be enough to make every later time look right. Only an installation in which no job
has ever succeeded asks the apps for the latest moment they know, with far more room.
"""

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from backoffice.models import JobRun

CONFIRMATION = "confirm_clock"
TOLERANCE = dt.timedelta(minutes=10)  # between two machines, and when a clock is set right
JUMP_WITHOUT_JOBS = dt.timedelta(days=400)

_latest: list[Callable[[], dt.datetime | None]] = []


class ClockImplausible(Exception):
    """The message tells an administrator what contradicts the clock, and what to do."""


def register_latest_moment(find_latest: Callable[[], dt.datetime | None]) -> None:
    """Let an app say what the latest moment is that its rows know of."""
    _latest.append(find_latest)


def read_clock() -> dt.datetime:
    """Return the time now. Raises ClockImplausible. Two queries."""
    at = timezone.now()
    if doubt := find_doubt(at):
        raise ClockImplausible(
            f"{doubt} Nothing was done. If the clock is wrong, set it right; if it is right, since "
            "the machine was off for a while, say so: "
            "manage.py confirm_clock --by USERNAME --reason “…”."
        )
    return at


def read_clock_for_command() -> dt.datetime:
    """Return the time now, for a command that a person starts as well. Raises CommandError."""
    try:
        return read_clock()
    except ClockImplausible as error:
        raise CommandError(str(error)) from error


def find_doubt(at: dt.datetime) -> str:
    """Return what speaks against `at` as the time now, as a sentence, or ""."""
    server = _ask_server()
    if server and abs(at - server) > TOLERANCE:
        return (
            f"This machine's clock says {_say(at)}, but that of the database server {_say(server)}."
        )
    last = find_last_mark()
    if last is None:
        return _find_doubt_without_jobs(at)
    if at < last - TOLERANCE:
        return f"The clock says {_say(at)}, but a job ended at {_say(last)} already."
    if at > last + dt.timedelta(days=settings.CLOCK_JUMP_DAYS):
        return (
            f"The clock says {_say(at)}, but the last job that succeeded ended at {_say(last)}, "
            f"more than {settings.CLOCK_JUMP_DAYS} days before."
        )
    return ""


def find_last_mark() -> dt.datetime | None:
    """Return when the last job ended that succeeded, or somebody confirmed the clock.

    The last that was written down, not the latest time: what a wrong clock wrote before somebody
    confirmed the right one counts no longer.
    """
    runs = JobRun.objects.filter(status=JobRun.Status.SUCCEEDED, finished_at__isnull=False)
    return runs.order_by("-pk").values_list("finished_at", flat=True).first()


def confirm_clock(*, by: str, reason: str) -> JobRun:
    """Write down that the clock is right, who says so and why, among the runs of jobs."""
    at = timezone.now()
    doubt = find_doubt(at)
    said = f"{by} says that it is {_say(at)}: {reason}"
    return JobRun.objects.create(
        name=CONFIRMATION,
        status=JobRun.Status.SUCCEEDED,
        started_at=at,
        finished_at=at,
        output=f"{said}\n{doubt}".strip(),
    )


def _find_doubt_without_jobs(at: dt.datetime) -> str:
    moments = [moment for find_latest in _latest if (moment := find_latest())]
    if not moments or at <= max(moments) + JUMP_WITHOUT_JOBS:
        return ""
    return (
        f"The clock says {_say(at)}, but nothing happened here since {_say(max(moments))}, and no "
        "job has ever run."
    )


def _ask_server() -> dt.datetime | None:
    """Return the time of the database's server; SQLite has the clock of this machine."""
    if connection.vendor != "postgresql" or not settings.ASK_SERVER_CLOCK:
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _say(moment: dt.datetime) -> str:
    return f"{timezone.localtime(moment):%-d %b %Y, %H:%M}"
