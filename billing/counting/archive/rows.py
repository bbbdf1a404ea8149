"""Views on their way out of the database: as CSV, the same from SQLite and PostgreSQL.

Moments are microseconds since 1970 in UTC, ids and keys hexadecimal.
"""

import csv
import datetime as dt
from pathlib import Path

from django.db import connection

from billing.counting.double_clicks import as_microseconds

COLUMNS = {
    "postgresql": """
        encode(uuid_send(id), 'hex'), blog_id, author_id, category_id,
        {moment}, day,
        encode(reader_key, 'hex'), encode(previous_day_key, 'hex'),
        encode(address_key, 'hex'), encode(agent_key, 'hex'),
        outcome, excluded_by, log_import_id, finding_id, seal_id
    """,
    "sqlite": """
        id, blog_id, author_id, category_id,
        {moment}, day,
        lower(hex(reader_key)),
        CASE WHEN previous_day_key IS NOT NULL THEN lower(hex(previous_day_key)) END,
        lower(hex(address_key)), lower(hex(agent_key)),
        outcome, excluded_by, log_import_id, finding_id, seal_id
    """,
}
OF_DAY = "day = %s"
# A click that no fold has seen yet makes none before it double: its fold will.
AFTER_MIDNIGHT = """
    day = %s AND previous_day_key IS NOT NULL AND NOT (outcome = 'pending' AND seal_id IS NULL)
"""
ROWS_AT_ONCE = 10_000


def write_day(path: Path, day: dt.date) -> None:
    """Write all views of a day to a CSV file. One query, as of one moment."""
    _write(path, OF_DAY, day)


def write_clicks_after_midnight(path: Path, day: dt.date) -> None:
    """Write the views of the first seconds of `day`, which may make the day before's double."""
    _write(path, AFTER_MIDNIGHT, day)


def _write(path: Path, condition: str, day: dt.date) -> None:
    columns = COLUMNS[connection.vendor].format(moment=as_microseconds("viewed_at"))
    statement = f"SELECT {columns} FROM billing_blogview WHERE {condition}"  # noqa: S608
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with (
                path.open("wb") as file,
                cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", [day]) as copy,
            ):
                for part in copy:
                    file.write(part)
            return
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            cursor.execute(statement, [day])
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                writer.writerows(rows)
