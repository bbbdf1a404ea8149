"""Which clicks are double clicks, by the COUNTER Code of Practice 5.1 (7.2).

A click is a double click when the same reader clicks the same blog again within 30 seconds: the
first is removed, the second retained. Who clicked is told by a key of the day, so the click before
or after midnight is looked up by the other day's key.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from billing.models import BlogView

DOUBLE_CLICK_WINDOW = dt.timedelta(seconds=30)


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
