"""Records a reader's view in the database, or in the spool if the database does not answer."""

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, transaction

from billing.counting.clicks import Click, append_click, make_click
from billing.counting.double_clicks import DOUBLE_CLICK_WINDOW
from billing.counting.local_salts import name_salt
from billing.counting.readers import make_key, recall_salts
from billing.counting.spool import keep_view
from billing.counting.stream.numbers import Numbered
from billing.counting.stream.publishing import offer_view
from billing.counting.stream.receipts import note_received
from billing.models.counts import make_view_id
from billing.periods import day_of

logger = logging.getLogger(__name__)

SLOW_REFUSAL = 1  # seconds that a reader may wait for the database to take the view
REST = 5  # seconds for which a database that was slow to refuse is not asked again

# This process's trouble with the database, by the monotonic clock.
_trouble: dict[str, float] = {"until": 0, "told_until": 0}


def record_view(**facts) -> Click:
    """Append the row of one view, from the arguments of make_click.

    One INSERT, and a query for a new day's salt. If the database refuses the view for any reason,
    the spool keeps it with the same id. The reader waits for the page, so only a lost connection is
    retried, and a database that was slow to refuse gets no views for a moment.

    The view keeps the machine's time, right or wrong, because nobody can tell a better one. A view
    dated in the future counts once that time has come; fold_views names it until then. Jobs learn
    the time only from views that are not later than the time they know already. Raises OSError if
    the spool can't keep it either.

    With VIEWS_BROKER, the broker is asked first. What it does not acknowledge soon goes to the
    database as without it, with the same id.
    """
    facts.setdefault("view_id", make_view_id())
    if not settings.VIEWS_BROKER:
        return _keep(facts)
    click, salt = _make_apart(facts)
    with offer_view(click, salt=salt) as offer:
        if not offer.acknowledged:
            _keep(facts, offer.numbered)
    return click


def _make_apart(facts: dict) -> tuple[Click, str]:
    """Return the row of a view, and the name of its salt, also while the database is away."""
    salts: dict[dt.date, bytes] = {}
    try:
        click = make_click(**facts | {"key_of": partial(make_key, salts=salts)})
    except Error as error:
        _note_trouble(error, seconds=0)
        salts = _recall_salts(facts)
        click = make_click(**facts | {"key_of": partial(make_key, salts=salts)})
    return click, name_salt(salts[click.day])


def _keep(facts: dict, numbered: Numbered | None = None) -> Click:
    if time.monotonic() >= _trouble["until"]:
        started_at = time.monotonic()
        try:
            return _append(facts, numbered)
        except Error as error:
            _note_trouble(error, seconds=time.monotonic() - started_at)
    return _keep_in_spool(facts, numbered)


def _note_trouble(error: Error, *, seconds) -> None:
    """Log the error, but not for each of thousands of views, and decide whether to ask again."""
    now = time.monotonic()
    if now >= _trouble["told_until"]:
        logger.warning("The database takes no views; they go to the spool: %s", error)
        _trouble["told_until"] = now + REST
    if seconds > SLOW_REFUSAL / 2:
        _trouble["until"] = now + REST


def _append(facts: dict, numbered: Numbered | None) -> Click:
    try:
        return _append_once(facts, numbered)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.is_usable():
            raise
    connection.close()
    return _append_once(facts, numbered)


def _append_once(facts: dict, numbered: Numbered | None) -> Click:
    with _waiting_briefly():
        click = make_click(**facts)
        if numbered:
            with transaction.atomic():
                append_click(click)
                note_received([(click.day, numbered)])
        else:
            append_click(click)
        return click


@contextmanager
def _waiting_briefly() -> Iterator[None]:
    """Limit SQLite's wait for another writer to what a reader should wait.

    On PostgreSQL the lock_timeout of web requests does this, at no cost here.
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


def _keep_in_spool(facts: dict, numbered: Numbered | None) -> Click:
    salts = _recall_salts(facts)
    click = make_click(**facts | {"key_of": partial(make_key, salts=salts)})
    keep_view(click, salt=name_salt(salts[click.day]), numbered=numbered)
    return click


def _recall_salts(facts: dict) -> dict[dt.date, bytes]:
    viewed_at = facts["viewed_at"]
    return recall_salts({day_of(viewed_at), day_of(viewed_at - DOUBLE_CLICK_WINDOW)})
