"""Which clicks are double clicks, by the COUNTER Code of Practice 5.1 (7.2).

A click is a double click when the same reader clicks the same blog again within 30 seconds: the
first is removed, the second retained. Who clicked is told by a key of the day, so the click before
or after midnight is looked up by the other day's key.

DOUBLE_CLICKS is the rule over many views, in words that other engines than ours read as well. The
fold, which settles a portion, asks for the clicks beside each view instead, by their indexes.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from billing.models import BlogView

DOUBLE_CLICK_WINDOW = dt.timedelta(seconds=30)

# A click in the first seconds of a day stands twice: under its reader's key of that day, and under
# that of the day before, where it comes last.
DOUBLE_CLICKS = """
SELECT * FROM (
    SELECT told.*, CASE WHEN LEAD(moment) OVER (
        PARTITION BY blog_id, reader ORDER BY moment, id
    ) - moment <= {window} THEN 1 ELSE 0 END AS is_double
    FROM (
        SELECT clicks.*, reader_key AS reader, 0 AS is_of_day_before
        FROM {views} clicks WHERE excluded_by = ''
        UNION ALL
        SELECT clicks.*, previous_day_key, 1
        FROM {views} clicks WHERE excluded_by = '' AND previous_day_key IS NOT NULL
    ) told
) followed WHERE is_of_day_before = 0
"""


def write_double_clicks(views: str) -> str:
    """Return the SQL for the people's clicks among `views`, each with `is_double`, 1 or 0.

    `views` is the name of a table or a query in brackets, with id, blog_id, reader_key,
    previous_day_key, excluded_by ('' of people) and `moment`, the microseconds since 1970; more
    columns are handed on. Whether a click is double is right if all clicks are there that the same
    reader made on the same blog within the window after it.
    """
    window = DOUBLE_CLICK_WINDOW // dt.timedelta(microseconds=1)
    return DOUBLE_CLICKS.format(views=views, window=window)


def as_microseconds(column: str) -> str:
    """Return SQL for a moment in microseconds since 1970.

    SQLite rounds to the next second from .9995 on, so it gets the whole seconds alone.
    """
    if connection.vendor == "postgresql":
        return f"CAST(extract(epoch FROM {column}) * 1000000 AS bigint)"
    return (
        f"(CAST(strftime('%%s', substr({column}, 1, 19)) AS INTEGER) * 1000000"
        f" + CAST(substr(substr({column}, 21) || '000000', 1, 6) AS INTEGER))"
    )


def next_click_at() -> models.Expression:
    """When the same reader next clicked the same blog: on the same day, else the day after."""
    next_clicks = (
        BlogView.objects.human()
        .filter(
            Q(viewed_at__gt=OuterRef("viewed_at"))
            | Q(viewed_at=OuterRef("viewed_at"), pk__gt=OuterRef("pk")),
            blog=OuterRef("blog"),
            viewed_at__gte=OuterRef("viewed_at"),
        )
        .order_by("viewed_at")
        .values("viewed_at")
    )
    return Coalesce(
        Subquery(next_clicks.filter(reader_key=OuterRef("reader_key"))[:1]),
        Subquery(next_clicks.filter(previous_day_key=OuterRef("reader_key"))[:1]),
    )


def previous_click() -> models.Expression:
    """The click before, as next_click_at."""
    previous_clicks = (
        BlogView.objects.human()
        .filter(
            Q(viewed_at__lt=OuterRef("viewed_at"))
            | Q(viewed_at=OuterRef("viewed_at"), pk__lt=OuterRef("pk")),
            blog=OuterRef("blog"),
            viewed_at__lte=OuterRef("viewed_at"),
        )
        .order_by("-viewed_at", "-pk")
        .values("pk")
    )
    return Coalesce(
        Subquery(previous_clicks.filter(reader_key=OuterRef("reader_key"))[:1]),
        Subquery(previous_clicks.filter(reader_key=OuterRef("previous_day_key"))[:1]),
    )


def is_double_click(row: Any) -> bool:
    """Whether the view, annotated with `next_at`, is followed within the window."""
    return row.next_at is not None and row.next_at - row.viewed_at <= DOUBLE_CLICK_WINDOW


def find_replaced(portion: list, *, fields: Iterable[str]) -> list:
    """Return counted clicks that one of the portion follows within the window, with `fields`.

    Such a one is the very click before: were there another between, that one, too, would have
    replaced it.
    """
    followed_at = {row.previous: row.viewed_at for row in portion if row.previous}
    for row in portion:
        followed_at.pop(row.pk, None)
    previous = BlogView.objects.filter(pk__in=followed_at, outcome=BlogView.Outcome.COUNTED)
    return [
        row
        for row in previous.values_list("pk", *fields, "viewed_at", named=True)
        if followed_at[row.pk] - row.viewed_at <= DOUBLE_CLICK_WINDOW
    ]
