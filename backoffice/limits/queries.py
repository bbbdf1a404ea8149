"""How long the queries of one web request may take: all of them together, and each by itself.

A query outlives the reader who has gone away. Jobs and commands have no limit. Pages that rightly
take long, such as building a month's batch, are named in settings.LONG_PAGES and have their own.

PostgreSQL ends a statement that runs or waits too long by itself; behind a pooler each statement
brings its limits along. SQLite asks, every so many steps,
whether to go on; how long it waits for a lock is settings.DATABASES' "timeout".
"""

import contextlib
import fnmatch
import logging
import threading
import time

from django.conf import settings
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from psycopg import errors

from backoffice.limits.refusals import refuse

logger = logging.getLogger(__name__)

STEPS = 50_000  # of SQLite's machine between two looks at the clock: some milliseconds
GIVING_UP = ("ROLLBACK", "RELEASE")
RAN_OUT = (errors.QueryCanceled, errors.LockNotAvailable)
SQLITE_SAYS = ("interrupted", "database is locked", "database table is locked")

_now = threading.local()


class QueriesTookTooLong(OperationalError):
    """All queries of the request together took as long as they may."""


class QueryLimitMiddleware:
    """Bound the queries of a page, and answer 503 where they took too long."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with limit_queries(seconds=settings.WEB_QUERY_SECONDS):
            return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        name = request.resolver_match.url_name or ""
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in settings.LONG_PAGES):
            _start(settings.LONG_QUERY_SECONDS)

    def process_exception(self, request, error):
        return refuse_slow(request) if ran_out(error) else None


def refuse_slow(request: HttpRequest) -> HttpResponse:
    """Answer a request whose queries took too long, in a view or on the way to it."""
    view = request.resolver_match.view_name if request.resolver_match else request.path
    logger.warning("Queries took too long: %s", view)
    return refuse(
        request,
        status=503,
        title="That took too long",
        text="The database was busy for longer than a page may wait, so this was given up and "
        "what it would have changed is not saved. Try again in a minute. If it stays, look for "
        "less at once: a shorter time, another filter, fewer words.",
        retry_after=30,
    )


@contextlib.contextmanager
def limit_queries(*, seconds: float):
    """Within, the queries of this thread may take `seconds` together."""
    before = getattr(_now, "limit", None)
    _start(seconds)
    try:
        with contextlib.ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(_check_clock))
            yield
    finally:
        _now.limit = before


def is_web_request() -> bool:
    """Whether this thread answers a request: commands and jobs have time."""
    return getattr(_now, "limit", None) is not None


def _start(seconds):
    _now.limit = (time.monotonic() + seconds, seconds)


def _is_over():
    limit = getattr(_now, "limit", None)
    return limit is not None and time.monotonic() > limit[0]


def _check_clock(execute, sql, params, many, context):
    if sql.startswith(GIVING_UP):
        return execute(sql, params, many, context)
    if _is_over():
        raise QueriesTookTooLong("The queries of this request took too long.")
    connection = context["connection"]
    if is_pooled(connection):
        return _execute_with_limits(execute, sql, params, many, context)
    if connection.vendor == "postgresql":
        _tell_postgresql(connection, seconds=_now.limit[1])
    if connection.vendor == "sqlite" and sql.startswith("BEGIN"):
        return _wait_in_line(execute, sql, params, many, context)
    return execute(sql, params, many, context)


def is_pooled(connection: BaseDatabaseWrapper) -> bool:
    """Whether a pooler may give each transaction another session of the server."""
    return connection.vendor == "postgresql" and bool(
        connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    )


def _execute_with_limits(execute, sql, params, many, context):
    """Execute a statement together with its limits.

    The session is another client's as soon as the transaction ends, so nothing may stay set in it.
    What one message holds is one transaction, and its limits end with it.
    """
    if many or not isinstance(sql, str):  # their driver sends each by itself; the clock still runs
        return execute(sql, params, many, context)
    result = execute(f"{_set_limits('SET LOCAL', _now.limit[1])}; {sql}", params, many, context)
    cursor = context["cursor"].cursor
    while cursor.nextset():  # past the answers to SET, to that of the statement
        pass
    return result


@contextlib.contextmanager
def stopped_clock():
    """Within, time does not count: no query runs, or it waits in a line with a limit of its own."""
    started = time.monotonic()
    try:
        yield
    finally:
        if is_web_request():
            until, seconds = _now.limit
            _now.limit = (until + time.monotonic() - started, seconds)


def _wait_in_line(execute, *arguments):
    """Wait for SQLite's one writer, as long as its own timeout lets. That time does not count."""
    with stopped_clock():
        return execute(*arguments)


def _tell_postgresql(connection, *, seconds):
    """Set the limits of the session, once for all requests that have the same."""
    session = connection.connection
    if getattr(connection, "limited_session", None) == (session, seconds):
        return
    with session.cursor() as cursor:
        cursor.execute(_set_limits("SET", seconds))
    # What is set within a transaction is undone with it.
    connection.limited_session = None if connection.in_atomic_block else (session, seconds)


def _set_limits(how, seconds):
    lock_seconds = min(settings.WEB_LOCK_SECONDS, seconds)
    return (
        f"{how} statement_timeout = {int(seconds * 1000)}; "
        f"{how} lock_timeout = {int(lock_seconds * 1000)}"
    )


@receiver(connection_created, dispatch_uid="backoffice.limits.queries")
def let_sqlite_look_at_the_clock(connection, **kwargs):
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(_is_over, STEPS)


def ran_out(error: BaseException | None) -> bool:
    """Whether `error`, or what led to it, is a query that ran or waited too long."""
    while error is not None:
        if isinstance(error, (QueriesTookTooLong, *RAN_OUT)):
            return True
        if isinstance(error, OperationalError) and str(error) in SQLITE_SAYS:
            return True
        error = error.__cause__ or error.__context__
    return False
