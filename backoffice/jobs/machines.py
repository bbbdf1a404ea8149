"""Which machine runs a job where several start all of them: one, unless the job is about its files.

The lock is one of the database, held by a connection of its own for as long as the job runs. It
needs no session beyond its transaction, so it holds behind a pooler as well, and PostgreSQL lets go
of it when the machine that held it dies.
"""

import contextlib
import datetime as dt
import zlib
from collections.abc import Iterator

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.utils import timezone

from backoffice.jobs.records import HOST
from backoffice.jobs.schedule import list_jobs
from backoffice.models import JobRun

CLOCKS_DIFFER = dt.timedelta(minutes=1)


@contextlib.contextmanager
def claim_among_machines(name: str) -> Iterator[str]:
    """Yield why another machine spares this one the job, or an empty text to run it here.

    Until the block ends, no other machine runs it. SQLite has one machine. A database that is away
    spares nobody anything: the job then fails as it would have.
    """
    if (
        connections[DEFAULT_DB_ALIAS].vendor != "postgresql"
        or name in settings.JOBS_OF_EACH_MACHINE
    ):
        yield ""
        return
    connection = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        yield _ask(connection, name)
    finally:
        with contextlib.suppress(Error):
            connection.rollback()
        with contextlib.suppress(Error):
            connection.close()


def _ask(connection, name):
    try:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            # Nothing is read before the lock or after it, so the open transaction holds up nothing.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            key = zlib.crc32(f"job {name}".encode())
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
            (is_ours,) = cursor.fetchone()
    except Error:
        return ""
    if not is_ours:
        return "Another machine runs it."
    return _find_other_run(name)


def _find_other_run(name):
    """Say which other machine has run the job since it was due last."""
    now = timezone.now()
    due = [job.last_due(now) for job in list_jobs() if job.name == name]
    if not due:
        return ""
    done = JobRun.objects.filter(
        name=name, status=JobRun.Status.SUCCEEDED, started_at__gte=max(due) - CLOCKS_DIFFER
    )
    with contextlib.suppress(Error):
        if run := done.exclude(host__in=("", HOST)).first():
            return f"{run.host} has run it."
    return ""
