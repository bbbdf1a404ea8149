"""From a reader's click to a counted view, by the COUNTER Code of Practice 5.1.

A click is one appended row. Whether it counts is a function of all clicks alone, not of the order
in which they arrive or are folded: what is no double click is counted. A click that arrives late
can so turn one that was counted into a double click, and the counts follow.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from billing.bulk import insert_rows
from billing.counting.double_clicks import (
    DOUBLE_CLICK_WINDOW,
    find_replaced,
    is_double_click,
    next_click_at,
    previous_click,
)
from billing.counting.robots import describe_lists
from billing.counting.spool_intake import Intake, take_in_spool
from billing.locks import Lock, hold_lock
from billing.models import BlogView, DailyViewCount, MonthlyViewCount
from billing.periods import month_of

Outcome = BlogView.Outcome

RULES = "COUNTER 5.1"
FOLD_SIZE = 20_000
COUNT_KEY = ("blog_id", "author_id", "category_id", "day")


@dataclass
class FoldResult:
    """The views that fold_views settled, by outcome. `replaced` views were counted before."""

    counted: int = 0
    double_clicks: int = 0
    replaced: int = 0
    intake: Intake = field(default_factory=Intake)

    def __str__(self):
        line = (
            f"{self.counted} counted, {self.double_clicks} double clicks, "
            f"{self.replaced} replaced by a later click"
        )
        return f"{line}; {spool}" if (spool := str(self.intake)) else line


def fold_views(*, at: dt.datetime | None = None) -> FoldResult:
    """Settle the pending views older than the double-click window at `at`, and add up the counts.

    It first takes in the views that this machine's spool kept while the database was away. A fold
    may be repeated, started twice or killed: each portion is one transaction, a lock lets one fold
    run at a time, and views that are not committed yet stay pending for the next run.
    """
    settled_before = (at or timezone.now()) - DOUBLE_CLICK_WINDOW
    result = FoldResult(intake=take_in_spool())
    while _fold_portion(settled_before, result):
        pass
    return result


@transaction.atomic
def _fold_portion(settled_before: dt.datetime, result: FoldResult) -> bool:
    hold_lock(Lock.FOLD)
    portion = list(
        BlogView.objects.pending()
        .filter(viewed_at__lt=settled_before)
        .annotate(next_at=next_click_at(), previous=previous_click())
        .order_by("viewed_at", "pk")
        .values_list("pk", *COUNT_KEY, "viewed_at", "next_at", "previous", named=True)[:FOLD_SIZE]
    )
    counted: list[Any] = []
    double_clicks: list[Any] = []
    for row in portion:
        (double_clicks if is_double_click(row) else counted).append(row)
    replaced = find_replaced(portion, fields=COUNT_KEY)

    changes: Counter = Counter()
    changes.update(row[1:5] for row in counted)
    changes.subtract(row[1:5] for row in replaced)
    _settle(counted, Outcome.COUNTED)
    _settle(double_clicks, Outcome.DOUBLE_CLICK)
    _settle(replaced, Outcome.DOUBLE_CLICK)
    add_to_counts(changes)

    result.counted += len(counted)
    result.double_clicks += len(double_clicks)
    result.replaced += len(replaced)
    return bool(portion)


def _settle(rows: list, outcome: Outcome) -> None:
    """Write the outcome of many views.

    PostgreSQL gets one array, SQLite one statement for each key. A list of keys would be a new
    statement for each length of portion, and the driver of SQLite keeps 128 statements.
    """
    keys = [row.pk for row in rows]
    statement = "UPDATE billing_blogview SET outcome = %s WHERE id = "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            array = "{" + ",".join(key.hex for key in keys) + "}"
            cursor.execute(f"{statement} ANY(%s::uuid[])", [outcome, array])
        else:
            cursor.executemany(f"{statement} %s", [(outcome, key.hex) for key in keys])


def count_by_day(views: models.QuerySet[BlogView]) -> dict[tuple, int]:
    """Return {(blog_id, author_id, category_id, day): views}."""
    rows = views.order_by().values_list(*COUNT_KEY).annotate(views=models.Count("pk"))
    return {row[:4]: row[4] for row in rows}


def add_to_counts(changes: Counter) -> None:
    """Add {(blog_id, author_id, category_id, day): views} to both counts.

    The caller holds the lock "fold_views". Six queries.
    """
    by_month: Counter = Counter()
    for (blog, author, category, day), views in changes.items():
        by_month[blog, author, category, month_of(day)] += views
    _add_to(DailyViewCount, "day", changes)
    _add_to(MonthlyViewCount, "month", by_month)


def _add_to(model: type[models.Model], period: str, changes: Counter) -> None:
    """Add `changes` to a table of counts.

    Three queries. Python adds up the sums and writes them whole. That is safe only because the
    fold's lock allows one writer.
    """
    key = ("blog_id", "author_id", "category_id", period)
    rows = model._default_manager.filter(
        **{
            "blog_id__in": {change[0] for change in changes},
            f"{period}__in": {change[3] for change in changes},
        }
    ).values_list(*key, "pk", "views")
    known = {row[:4]: row[4:] for row in rows}
    new, totals = [], {}
    for change, views in sorted(changes.items()):
        if change in known:
            pk, views_before = known[change]
            totals[pk] = views_before + views
        elif views:
            new.append((*change, views))
    insert_rows(model, (*key, "views"), new)
    _write_totals(model, totals)


def _write_totals(model: type[models.Model], totals: dict[int, int]) -> None:
    """Write the views of many rows, given as {key: views}. On PostgreSQL as arrays, as _settle."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {table} SET views = total.views "  # noqa: S608
                "FROM unnest(%s::bigint[], %s::bigint[]) AS total (id, views) "
                f"WHERE {table}.id = total.id",
                [list(totals), list(totals.values())],
            )
        else:
            cursor.executemany(
                f"UPDATE {table} SET views = %s WHERE id = %s",  # noqa: S608
                [(views, pk) for pk, views in totals.items()],
            )


def describe_rules() -> str:
    """Return the counting rules and robot lists as the text that batches store."""
    return f"{RULES}; {describe_lists()}"
