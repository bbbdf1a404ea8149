"""Finds late and hanging jobs, and mails ADMINS within the hour, once for each occasion.

Every job watches the others. If none runs at all, a request to the site notices it. If there are no
requests either, /readyz tells whoever asks.
"""

import datetime as dt
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Subquery
from django.utils import timezone
from django.utils.timesince import timesince

from backoffice import alerts
from backoffice.health.registry import tell_failing_checks
from backoffice.jobs import records
from backoffice.jobs.limits import limit_of
from backoffice.jobs.running import claim
from backoffice.jobs.schedule import Job, list_jobs
from backoffice.models import JobRun

logger = logging.getLogger(__name__)

GRACE = dt.timedelta(minutes=20)
EARLY = dt.timedelta(minutes=1)  # allows for two clocks
LAST_WORDS = dt.timedelta(minutes=2)  # after a job's limit, to end it
LATE, NEW = "late", "never ran"
BETWEEN_LOOKS = 5 * 60  # seconds, for each web process

_look = threading.Lock()
_next_look = 0.0


@dataclass(frozen=True)
class Problem:
    """A job that is late or hangs. `since` tells one occasion from the next."""

    job: str
    kind: str
    since: dt.datetime
    text: str

    @property
    def key(self) -> str:
        return f"{self.kind} {self.job} {self.since.isoformat()}"


@dataclass(frozen=True)
class Watched:
    """A job, with what is known about its runs."""

    job: Job
    latest: JobRun | None
    last_success: JobRun | None

    @property
    def name(self) -> str:
        return self.job.name

    def is_running(self, at: dt.datetime) -> bool:
        run = self.latest
        return bool(
            run and run.status == JobRun.Status.RUNNING and at - run.started_at <= _longest(run)
        )


def watch_list() -> list[Watched]:
    """Return each scheduled job with its latest run and its last success. One query."""
    jobs, succeeded = list_jobs(), JobRun.Status.SUCCEEDED
    pks: list[Any] = []
    for job in jobs:  # an index finds each: no table of runs is read
        runs = JobRun.objects.filter(name=job.name).values("pk")
        pks += [Subquery(runs[:1]), Subquery(runs.filter(status=succeeded)[:1])]
    latest: dict[str, JobRun] = {}
    successes: dict[str, JobRun] = {}
    for run in JobRun.objects.filter(pk__in=pks):
        latest.setdefault(run.name, run)
        if run.status == succeeded:
            successes.setdefault(run.name, run)
    return [Watched(job, latest.get(job.name), successes.get(job.name)) for job in jobs]


def find_problems(*, at: dt.datetime, watched: list[Watched] | None = None) -> list[Problem]:
    """Return the jobs that are late or hang at `at`. At most two queries."""
    watched = watch_list() if watched is None else watched
    installed_at = None if all(one.latest for one in watched) else _installed_at()
    problems = [
        _find_hanging(one, at) or _find_late(one, at) or _find_new(one, at, installed_at)
        for one in watched
    ]
    return [problem for problem in problems if problem]


def sum_up(problems: list[Problem], watched: list[Watched], *, at: dt.datetime) -> list[Problem]:
    """Return a single problem if no job at all has started."""
    silent = [problem for problem in problems if problem.kind in (LATE, NEW)]
    starts = [one.latest.started_at for one in watched if one.latest]
    if len(silent) < 2 or any(start > at - GRACE for start in starts):
        return problems
    if starts:
        since, how_long = max(starts), f"for {timesince(max(starts), at)}"
    else:
        since, how_long = silent[0].since, "since the installation"
    text = f"No job has run {how_long}: nothing starts them."
    rest = [problem for problem in problems if problem not in silent]
    return [Problem("every job", "stopped", since, text), *rest]


def _find_hanging(watched, at):
    run = watched.latest
    if run is None or run.status != JobRun.Status.RUNNING or watched.is_running(at):
        return None
    age = timesince(run.started_at, at)
    text = f"{run.name} began {age} ago and has not ended: it hangs, or was killed."
    return Problem(run.name, "hanging", run.started_at, text)


def _longest(run):
    return dt.timedelta(seconds=limit_of(run.name)) + LAST_WORDS


def _find_late(watched, at):
    run = watched.latest
    if run is None or watched.is_running(at):
        return None
    if run.started_at >= watched.job.last_due(at - GRACE) - EARLY:
        return None
    text = f"{run.name} last ran {timesince(run.started_at, at)} ago, and was to run since."
    return Problem(run.name, LATE, run.started_at, text)


def _find_new(watched, at, installed_at):
    if watched.latest or not installed_at:
        return None
    if watched.job.last_due(at - GRACE) <= installed_at:
        return None
    text = f"{watched.name} has never run since the installation."
    return Problem(watched.name, NEW, installed_at, text)


def _installed_at():
    """Return the time of the latest migration: a job that it brought may wait for its hour."""
    return MigrationRecorder(connection).migration_qs.aggregate(at=Max("applied"))["at"]


def seconds_since_success(watched: Watched, *, at: dt.datetime) -> float | None:
    run = watched.last_success
    return (at - run.started_at).total_seconds() if run else None


def has_failed_lately(watched: Watched, *, at: dt.datetime) -> bool:
    """Return whether no run succeeded in the last two rounds. A running job has not succeeded."""
    run = watched.latest
    if run is None or watched.is_running(at):
        return False
    job, last = watched.job, watched.last_success
    before = job.last_due(job.last_due(at - GRACE) - EARLY)
    return last.started_at < before - EARLY if last else run.started_at < at - GRACE


def watch_jobs() -> None:
    """Inside a job: record killed runs as failed, and report problems. Raises nothing."""
    try:
        _close_killed_elsewhere()
        tell_problems()
    except (OperationalError, InterfaceError):  # the job itself met it, and reported it
        logger.warning("The jobs could not be watched.", exc_info=True)
    except Exception:
        logger.exception("The jobs could not be watched.")


def _close_killed_elsewhere():
    running = JobRun.objects.filter(status=JobRun.Status.RUNNING, host=records.HOST)
    for name in {*running.values_list("name", flat=True), *records.list_begun()}:
        with claim(name, patience=0) as is_free:
            if is_free:
                records.set_killed_aside(name)
                records.take_in()
                records.close_killed(name)


def tell_problems() -> None:
    """Log each problem that was not reported yet, and other failures. That mails ADMINS."""
    at, watched = timezone.now(), watch_list()
    for problem in sum_up(find_problems(at=at, watched=watched), watched, at=at):
        if not alerts.was_told(problem.key):
            logger.error(
                "%s", problem.text, extra={"kind": problem.key, "once": True, "job": problem.job}
            )
    tell_failing_checks()


def receive_request_finished(sender, **kwargs) -> None:
    """On the web: look now and then, after the answer is sent. Raises nothing."""
    global _next_look
    if not settings.WATCH_JOBS_FROM_WEB or time.monotonic() < _next_look:
        return
    if not _look.acquire(blocking=False):
        return
    try:
        _next_look = time.monotonic() + BETWEEN_LOOKS
        tell_problems()
    except Exception:
        logger.exception("The jobs could not be watched.")
    finally:
        _look.release()
        close_old_connections()
