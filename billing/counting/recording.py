"""A reader's view is recorded: by the database, and where it does not answer, by the spool."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, InterfaceError, OperationalError, connection

from billing.counting.clicks import Click, append_click, make_click
from billing.counting.double_clicks import DOUBLE_CLICK_WINDOW
from billing.counting.local_salts import name_salt
from billing.counting.readers import recall_salts
from billing.counting.spool import keep_view
from billing.models.counts import make_view_id
from billing.periods import day_of

logger = logging.getLogger(__name__)

SLOW_REFUSAL = 1  # seconds that a reader may wait for the database to take the view
REST = 5  # seconds for which a database that was slow to refuse is not asked again

# Of this process with the database, by the monotonic clock.
_trouble: dict[str, float] = {"until": 0, "told_until": 0}


def record_view(**facts) -> Click:
    """Append the evidence of one view, from the arguments of make_click.

    One INSERT, and a query for a new day's salt. What the database does not take, for whatever
    reason, is kept in the spool, with the same id. The reader waits for the page, so nothing is
    tried twice but a connection that was lost, and a database that was slow to refuse is left
    alone for a moment.

    The time is the machine's, right or wrong: a view is kept as it was dated, as nobody can tell a
    better time, and one of the future counts once that has come (fold_views names it until then).
    No view is a witness of what time it is for jobs, but one not later than they know already.

    Raises OSError if the spool can't keep it either.
    """
    facts.setdefault("view_id", make_view_id())
    if time.monotonic() >= _trouble["until"]:
        started_at = time.monotonic()
        try:
            return _append(facts)
        except Error as error:
            _note_trouble(error, seconds=time.monotonic() - started_at)
    return _keep_in_spool(facts)


def _note_trouble(error: Error, *, seconds) -> None:
    """Log it, but not for each of thousands of views, and decide whether to go on asking."""
    now = time.monotonic()
    if now >= _trouble["told_until"]:
        logger.warning("The database takes no views; they go to the spool: %s", error)
        _trouble["told_until"] = now + REST
    if seconds > SLOW_REFUSAL / 2:
        _trouble["until"] = now + REST


def _append(facts: dict) -> Click:
    try:
        return _append_once(facts)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.is_usable():
            raise
    connection.close()
    return _append_once(facts)


def _append_once(facts: dict) -> Click:
    with _waiting_briefly():
        click = make_click(**facts)
        append_click(click)
        return click


@contextmanager
def _waiting_briefly() -> Iterator[None]:
    """Have SQLite wait for another writer no longer than a reader should wait.

    On PostgreSQL that is the lock_timeout of web requests, which costs nothing here.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    database = connection.connection
    usual = connection.settings_dict["OPTIONS"].get("timeout", 5)
    database.execute(f"PRAGMA busy_timeout = {SLOW_REFUSAL * 1000}")
    try:
        yield
    finally:
        database.execute(f"PRAGMA busy_timeout = {int(usual * 1000)}")


def _keep_in_spool(facts: dict) -> Click:
    viewed_at = facts["viewed_at"]
    days = {day_of(viewed_at), day_of(viewed_at - DOUBLE_CLICK_WINDOW)}
    salts = recall_salts(days)
    click = make_click(**facts | {"salts": salts})
    keep_view(click, salt=name_salt(salts[click.day]))
    return click
