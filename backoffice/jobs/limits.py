"""The time limit of a job. Past it the job is ended, even if it hangs in a library."""

import contextlib
import faulthandler
import signal
import threading
from collections.abc import Iterator

from django.conf import settings

STANDARD_ERROR = 2  # the descriptor, because sys.stderr may be closed
LAST_WORDS = 60  # seconds past the limit, for cleaning up


class JobStopped(SystemExit):
    """The job ran past its limit, or was told to end. Commands must not catch it.

    psycopg cancels a statement that a SystemExit breaks off. Of any other error PostgreSQL would
    learn nothing: the statement would go on there, and the connection take no other.
    """


def limit_of(name: str) -> float:
    """Return the number of seconds that the job may run."""
    return float(settings.JOB_MINUTES_OF.get(name, settings.JOB_MINUTES)) * 60


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise JobStopped in this block past the limit. If even that hangs, end the process.

    Python handles a signal between two of its own steps. The second watch needs no Python, so it
    also ends a process that hangs in the database's library or in a regular expression.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

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
