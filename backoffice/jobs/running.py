"""Runs a management command as a job: one at a time, with a time limit and a record.

django-crontab (0.7.1) hides a failure: the exit code stays 0, and the log goes nowhere.
"""

import contextlib
import fcntl
import io
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from backoffice.clocks import read_clock
from backoffice.jobs import records
from backoffice.jobs.limits import JobStopped, limit_of, time_limit
from backoffice.jobs.machines import claim_among_machines
from backoffice.logs import logging_for_job
from backoffice.models import JobRun

logger = logging.getLogger(__name__)

AWAY = (
    "The database did not take the record of this run, so other jobs will fail as well: no mail "
    "tells of each. Their records wait in files, and stand under Job runs once it is back."
)
PATIENCE = 2  # seconds: somebody may be checking just now whether the job runs


def run_job(name: str) -> JobRun | None:
    """Run the command called `name` and return the record of it. Exit with 1 if it fails.

    None if the job still runs here, or another machine of the house has it.

    A failure of the command or of its record is logged, which mails ADMINS. Records are written
    outside the command's own transactions, so they survive a rollback.
    """
    from backoffice.jobs.watching import watch_jobs

    with claim(name) as is_ours:
        if not is_ours:
            logger.warning("The job %s still runs: this start is left out.", name)
            return None
        try:
            with claim_among_machines(name) as spared:
                if spared:
                    logger.info("The job %s is left out: %s", name, spared, extra={"job": name})
                    return None
                return _run(name)
        finally:
            _watch(watch_jobs)


def _watch(watch_jobs):
    try:
        with time_limit(records.LONGEST_RECORDING):
            watch_jobs()
    except JobStopped:
        logger.warning("The jobs could not be watched: the database does not answer.")


def _run(name):
    run = JobRun(name=name, started_at=timezone.now(), host=records.HOST)
    output = io.StringIO()
    try:
        with logging_for_job(name), time_limit(limit_of(name)):
            records.set_killed_aside(name)
            records.mark_start(run)
            records.take_in()
            records.close_killed(name)
            run.save()
            read_clock()
            call_command(name, *settings.JOB_OPTIONS.get(name, []), stdout=output, stderr=output)
    except BaseException as error:  # SystemExit is how a command fails
        output.write(f"\n{type(error).__name__}: {error}")
        records.finish(run, JobRun.Status.FAILED, output.getvalue())
        _tell_failure(run)
        raise SystemExit(1) from error
    return records.finish(run, JobRun.Status.SUCCEEDED, output.getvalue())


def _tell_failure(run):
    """Log the failure, which mails ADMINS: of all jobs once, while the database is away."""
    text, kind = run.output, f"job {run.name}"
    if run.is_in_file:
        text, kind = f"{text}\n\n{AWAY}", "jobs without a database"
    logger.exception(
        "The job %s failed.\n\n%s", run.name, text, extra={"kind": kind, "job": run.name}
    )


@contextlib.contextmanager
def claim(name: str, *, patience: float | None = None) -> Iterator[bool]:
    """Yield whether no other process of this machine runs the job. None can until the block ends.

    The kernel releases the lock when a process ends for any reason.
    """
    path = lock_path(name)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:  # a job that runs twice does no harm; a job that never runs does
        logger.exception("The lock of the job %s could not be opened.", name, extra={"job": name})
        yield True
        return
    try:
        yield _lock(file, PATIENCE if patience is None else patience)
    finally:
        os.close(file)


def _lock(file, patience):
    give_up_at = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(0.05)
        else:
            return True


def lock_path(name: str) -> Path:
    return Path(settings.JOBS_DIR) / f"{name}.lock"
