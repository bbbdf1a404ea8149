"""A reader's click, stored as one row.

Written without the ORM, whose cost would exceed all other costs of a view.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection
from psycopg import Cursor

from backoffice.client_addresses import canonical_client
from billing.counting.double_clicks import DOUBLE_CLICK_WINDOW
from billing.counting.readers import make_key
from billing.counting.robots import find_robot
from billing.models import AccessLogImport, BlogView
from billing.models.counts import make_view_id
from billing.periods import day_of
from weblog.models import Blog

Outcome = BlogView.Outcome


class Click(NamedTuple):
    """A new row of BlogView. The names are the columns."""

    id: uuid.UUID
    blog_id: int
    author_id: int
    category_id: int
    viewed_at: dt.datetime
    day: dt.date
    reader_key: bytes
    previous_day_key: bytes | None
    address_key: bytes
    agent_key: bytes
    outcome: str
    excluded_by: str
    log_import_id: int | None

    def as_stored(self) -> tuple:
        """Return the values in the database's form."""
        [row] = as_rows([self])
        return row


def as_rows(clicks: Iterable[Click]) -> Iterable[tuple]:
    """Return the values of clicks in the database's form; PostgreSQL takes them unchanged."""
    if connection.vendor == "postgresql":
        return clicks
    adapt = connection.ops.adapt_datetimefield_value
    at = Click._fields.index("viewed_at")
    return (
        (click.id.hex, *click[1:at], adapt(click.viewed_at), *click[at + 1 :]) for click in clicks
    )


def make_click(
    *,
    blog: Blog,
    viewed_at: dt.datetime,
    ip_address: str,
    user_agent: str,
    user: User | None = None,
    view_id: uuid.UUID | None = None,
    log_import: AccessLogImport | None = None,
    key_of: Callable[[str, dt.date], bytes] | None = None,
) -> Click:
    """Return the row of a view: robots, own and staff views settled, others pending.

    A caller that makes many clicks in one transaction passes one `key_of`, such as remember_keys(),
    which saves queries for salts.

    Pages and logs of every format come through here, so here each address gets its one form.
    """
    ip_address = canonical_client(ip_address)
    key_of = key_of or partial(make_key, salts={})
    reader = f"{ip_address}|{user_agent}"
    day = day_of(viewed_at)
    day_before = day_of(viewed_at - DOUBLE_CLICK_WINDOW)
    outcome, excluded_by = _exclude(blog=blog, user_agent=user_agent, user=user)
    return Click(
        id=view_id or make_view_id(),
        blog_id=blog.pk,
        author_id=blog.author_id,
        category_id=blog.category_id,
        viewed_at=viewed_at,
        day=day,
        reader_key=key_of(reader, day),
        previous_day_key=key_of(reader, day_before) if day_before != day else None,
        address_key=key_of(ip_address, day),
        agent_key=key_of(user_agent, day),
        outcome=outcome.value,
        excluded_by=excluded_by,
        log_import_id=log_import.pk if log_import else None,
    )


def _exclude(*, blog: Blog, user_agent: str, user: User | None) -> tuple[Outcome, str]:
    if user is not None and user.pk == blog.author_id:
        return Outcome.OWN_VIEW, BlogView.AUTHOR
    if user is not None and user.is_staff:
        return Outcome.STAFF_VIEW, BlogView.STAFF
    if robot := find_robot(user_agent):
        return Outcome.ROBOT, robot[:200]
    return Outcome.PENDING, ""


def append_click(click: Click) -> None:
    """Insert the view unless a view with its id exists.

    Django's cursor writes the values into the statement, so PostgreSQL parses and plans it for each
    view. The driver's own cursor prepares it once for each connection. DISABLE_SERVER_SIDE_CURSORS
    says that a pooler switches connections between transactions, which rules that out.
    """
    with connection.cursor() as cursor:
        pools = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        if connection.vendor == "postgresql" and not pools:
            cursor.cursor = Cursor(cursor.connection)
            cursor.connection.prepare_threshold = 0
        cursor.execute(insert_statement(), click.as_stored())


@cache
def insert_statement() -> str:
    columns, marks = ", ".join(Click._fields), ", ".join(["%s"] * len(Click._fields))
    return (
        f"INSERT INTO {BlogView._meta.db_table} ({columns}) VALUES ({marks}) "  # noqa: S608
        "ON CONFLICT (id) DO NOTHING"
    )
