"""The counts by day, month and category, which change only together with a new seal of views."""

from collections import Counter

from django.db import connection, models

from billing.bulk import insert_rows
from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    ViewSeal,
)
from billing.models.view_seals import SealedCount
from billing.periods import month_of

COUNT_KEY = ("blog_id", "author_id", "category_id", "day")


def count_by_day(views: models.QuerySet[BlogView]) -> dict[tuple, int]:
    """Return {(blog_id, author_id, category_id, day): views}."""
    rows = views.order_by().values_list(*COUNT_KEY).annotate(views=models.Count("pk"))
    return {row[:4]: row[4] for row in rows}


def add_to_counts(changes: Counter, *, seal: ViewSeal) -> None:
    """Add {(blog_id, author_id, category_id, day): views} to all counts, which name the seal.

    The caller holds the lock "fold_views", and has just added the seal. Nine queries.
    """
    by_month: Counter = Counter()
    by_category: Counter = Counter()
    for (blog, author, category, day), views in changes.items():
        by_month[blog, author, category, month_of(day)] += views
        by_category[category, day] += views
    _add_to(DailyViewCount, COUNT_KEY, changes, seal)
    _add_to(MonthlyViewCount, (*COUNT_KEY[:-1], "month"), by_month, seal)
    _add_to(DailyCategoryCount, COUNT_KEY[2:], by_category, seal)


def _add_to(
    model: type[SealedCount], key: tuple[str, ...], changes: Counter, seal: ViewSeal
) -> None:
    """Add `changes` to a table of counts, by its key: what is counted first, the period last.

    Three queries. Python adds up the sums and writes them whole. That is safe only because the
    fold's lock allows one writer.
    """
    rows = model._default_manager.filter(
        **{
            f"{key[0]}__in": {change[0] for change in changes},
            f"{key[-1]}__in": {change[-1] for change in changes},
        }
    ).values_list(*key, "pk", "views")
    known = {row[:-2]: row[-2:] for row in rows}
    new, totals = [], {}
    for change, views in sorted(changes.items()):
        if change in known:
            pk, views_before = known[change]
            totals[pk] = views_before + views
        elif views:
            new.append((*change, views, seal.number))
    insert_rows(model, (*key, "views", "seal_id"), new)
    write_totals(model, totals, seal)


def write_totals(model: type[SealedCount], totals: dict[int, int], seal: ViewSeal) -> None:
    """Write the views of many rows, given as {key: views}: on PostgreSQL as arrays."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {table} SET views = total.views, seal_id = %s "  # noqa: S608
                "FROM unnest(%s::bigint[], %s::bigint[]) AS total (id, views) "
                f"WHERE {table}.id = total.id",
                [seal.number, list(totals), list(totals.values())],
            )
        else:
            cursor.executemany(
                f"UPDATE {table} SET views = %s, seal_id = %s WHERE id = %s",  # noqa: S608
                [(views, seal.number, pk) for pk, views in totals.items()],
            )
