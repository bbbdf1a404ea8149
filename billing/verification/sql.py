"""Queries over all lines of a batch, in SQL for PostgreSQL and SQLite."""

from django.db import connection
from django.db.models import Min, QuerySet

from billing.models import PaymentLine

# “1:12 2:40” as the rows (key, value) of a JSON object, which both databases can unpack.
UNPACKED_DAYS = {
    "postgresql": "json_each_text(('{{\"' || {days} || '}}')::json)",
    "sqlite": "json_each('{{\"' || {days} || '}}')",
}


def as_number(column: str) -> str:
    """Return SQL for a date as the number 20261031."""
    return f"CAST(REPLACE(CAST({column} AS TEXT), '-', '') AS INTEGER)"


def add_days(column: str, days: str) -> str:
    """Return SQL for the date that is `days` later."""
    if connection.vendor == "postgresql":
        return f"{column} + ({days})"
    return f"DATE({column}, ({days}) || ' days')"


def unpack_days(column: str) -> str:
    """Return SQL for a table (key, value) of the days of a line and their views."""
    days = f"""REPLACE(REPLACE({column}, ':', '":'), ' ', ',"')"""
    return UNPACKED_DAYS[connection.vendor].format(days=days)


def find_first(lines: QuerySet[PaymentLine]) -> PaymentLine | None:
    """Return the line with the smallest key, or None.

    Two queries at most. It avoids ORDER BY with LIMIT 1: PostgreSQL assumes that nearly all lines
    differ, and would read them one by one along an index.
    """
    return load_line(lines, lines.order_by().aggregate(first=Min("pk"))["first"])


def load_line(lines: QuerySet[PaymentLine], pk: int | None) -> PaymentLine | None:
    if pk is None:
        return None
    return lines.select_related("payment", "price__category").get(pk=pk)
