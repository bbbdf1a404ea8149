"""A management command as a job: one at a time, for a limited time, and with a record of it.

django-crontab (0.7.1) loses a failure: the exit code stays 0 and the log goes nowhere.
"""

import contextlib
import faulthandler
import fcntl
import io
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from backoffice.clocks import read_clock
from backoffice.jobs import records
from backoffice.logs import logging_for_job
from backoffice.models import JobRun

logger = logging.getLogger(__name__)

PATIENCE = 2  # seconds: somebody may look just now whether the job runs
STANDARD_ERROR = 2  # the descriptor: sys.stderr may be closed
LAST_WORDS = 60  # seconds past the limit, for cleaning up


class JobStopped(BaseException):
    """The job ran past its limit, or was told to end. No error that a command may handle."""


def run_job(name: str) -> JobRun | None:
    """Run the command called `name`, unless it still runs. Exits with 1 if it fails.

    Whatever fails is logged, which mails ADMINS: the command, or the record of it. Records are
    written outside the command's own transactions, so they stay when those go.
    """
    from backoffice.jobs.watching import watch_jobs

    with claim(name) as is_ours:
        if not is_ours:
            logger.warning("The job %s still runs: this start is left out.", name)
            return None
        try:
            return _run(name)
        finally:
            watch_jobs()


def _run(name):
    run = JobRun(name=name, started_at=timezone.now(), host=records.HOST)
    output = io.StringIO()
    try:
        records.take_in()
        records.close_killed(name)
        run.save()
        read_clock()
        with logging_for_job(name), time_limit(name):
            call_command(name, stdout=output, stderr=output)
    except BaseException as error:  # SystemExit is how a command fails
        output.write(f"\n{type(error).__name__}: {error}")
        records.finish(run, JobRun.Status.FAILED, output.getvalue())
        logger.exception(
            "The job %s failed.\n\n%s", name, run.output, extra={"kind": f"job {name}", "job": name}
        )
        raise SystemExit(1) from error
    return records.finish(run, JobRun.Status.SUCCEEDED, output.getvalue())


@contextlib.contextmanager
def claim(name: str, *, patience: float | None = None) -> Iterator[bool]:
    """Yield whether no other process of this machine runs the job; none can until this block ends.

    The kernel lets the lock go when a process ends, however that comes about.
    """
    path = lock_path(name)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:  # every job may be doubled, but none may stop for that
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


def limit_of(name: str) -> float:
    """Return for how many seconds the job may run."""
    return float(settings.JOB_MINUTES_OF.get(name, settings.JOB_MINUTES)) * 60


@contextlib.contextmanager
def time_limit(name: str) -> Iterator[None]:
    """Raise JobStopped in this block at the job's limit; if even that hangs, end the process.

    Python hears the signal between two of its own steps. The second watch needs no Python: it
    also ends a process that sits in the database's library or in a regular expression.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seconds = limit_of(name)

    def stop(number, frame):
        if number == signal.SIGTERM:
            raise JobStopped("it was told to end: the machine shuts down, or somebody stopped it")
        raise JobStopped(f"it ran past its limit of {seconds / 60:g} minutes")

    before = {number: signal.signal(number, stop) for number in (signal.SIGALRM, signal.SIGTERM)}
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(seconds + LAST_WORDS, exit=True, file=STANDARD_ERROR)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        for number, handler in before.items():
            signal.signal(number, handler)
