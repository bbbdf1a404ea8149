"""Time of fold_views, against a copy of the same rows and one GROUP BY over them.

The seconds of processors stand beside the time that passed: they tell slower code from a machine
that does other things as well.

`python -m benchmarks.fold_views [100_000 1_000_000 5_000_000]`, on PostgreSQL and on SQLite.
"""

import datetime as dt
import random
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from itertools import batched

from django.db import connection, transaction

from benchmarks.databases import make_blogs, new_database, read_processor_seconds, run_apart
from benchmarks.results import write_results
from billing.counting.folding import fold_views
from billing.models import BlogView
from weblog.models import Blog

SIZES = [100_000, 1_000_000]
BLOGS = 1_000
START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
DAYS = 30
DOUBLE_CLICKS = 0.1  # the share of clicks that the same reader repeats at once

COLUMNS = [
    "id", "blog_id", "author_id", "category_id", "viewed_at", "day", "reader_key",
    "previous_day_key", "address_key", "agent_key", "outcome", "excluded_by",
]  # fmt: skip


def make_rows(blogs: list[tuple], number: int) -> Iterator[tuple]:
    """Yield pending views in order of time, as COLUMNS."""
    chance = random.Random(1)
    step = dt.timedelta(days=DAYS) / number
    blog, reader = blogs[0], b""
    for n in range(number):
        if chance.random() >= DOUBLE_CLICKS:
            blog, reader = chance.choice(blogs), chance.randbytes(16)
        viewed_at = START + n * step
        since_midnight = viewed_at - viewed_at.replace(hour=0, minute=0, second=0, microsecond=0)
        before = chance.randbytes(16) if since_midnight < dt.timedelta(seconds=30) else None
        yield (
            uuid.UUID(int=n << 64 | chance.getrandbits(64)), *blog, viewed_at, viewed_at.date(),
            reader, before, reader, reader, "pending", "",
        )  # fmt: skip


def fill(number: int) -> None:
    make_blogs(BLOGS)
    blogs = list(Blog.objects.values_list("pk", "author_id", "category_id"))
    columns = ", ".join(COLUMNS)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY billing_blogview ({columns}) FROM STDIN") as copy:
                for row in make_rows(blogs, number):
                    copy.write_row(row)
        else:
            fields = [BlogView._meta.get_field(column) for column in COLUMNS]
            marks = ", ".join(["%s"] * len(COLUMNS))
            for rows in batched(make_rows(blogs, number), 10_000):
                cursor.executemany(
                    f"INSERT INTO billing_blogview ({columns}) VALUES ({marks})",  # noqa: S608
                    [
                        [
                            field.get_db_prep_save(value, connection)
                            for field, value in zip(fields, row, strict=True)
                        ]
                        for row in rows
                    ],
                )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def time_copy() -> tuple[float, float]:
    """Return the seconds of a COPY of the views to a bare table, and of a GROUP BY there.

    They are those that passed, and those of processors.

    SQLite has no COPY, so the rows go from table to table.
    """
    with connection.cursor() as cursor, tempfile.TemporaryFile() as file:
        cursor.execute("CREATE TABLE bare AS SELECT * FROM billing_blogview WHERE false")
        if connection.vendor == "postgresql":
            with cursor.copy("COPY billing_blogview TO STDOUT") as copy:
                file.writelines(copy)
        file.seek(0)
        started_at, used_before = time.perf_counter(), read_processor_seconds()
        if connection.vendor == "postgresql":
            with cursor.copy("COPY bare FROM STDIN") as copy:
                while block := file.read(1 << 20):
                    copy.write(block)
        else:
            cursor.execute("INSERT INTO bare SELECT * FROM billing_blogview")
        cursor.execute(
            "SELECT blog_id, author_id, category_id, day, count(*) FROM bare GROUP BY 1, 2, 3, 4"
        )
        cursor.fetchall()
        seconds = time.perf_counter() - started_at
        used = read_processor_seconds() - used_before
        cursor.execute("DROP TABLE bare")
    return seconds, used


def time_fold() -> tuple[float, float, int]:
    """Return the seconds of folding all views, and this process's peak of memory in MB.

    The seconds are those that passed, and those of processors.
    """
    started_at, used_before = time.perf_counter(), read_processor_seconds()
    fold_views(at=START + dt.timedelta(days=DAYS + 1))
    seconds = time.perf_counter() - started_at
    used = read_processor_seconds() - used_before
    assert not BlogView.objects.pending().exists()  # noqa: S101
    return seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(vendor: str, number: int) -> dict:
    with new_database(vendor):
        run_apart(fill, number)
        copies = [run_apart(time_copy)]
        seconds, used, megabytes = run_apart(time_fold)
        copies.append(run_apart(time_copy))
    copy, copy_used = (sum(each) / len(copies) for each in zip(*copies, strict=True))
    result = {
        "database": vendor,
        "rows": number,
        "rows_per_second": round(number / seconds),
        "ratio_to_copy_and_group_by": round(copy / seconds, 3),
        "processor_microseconds_per_row": round(used / number * 1e6, 1),
        "processor_ratio_to_copy_and_group_by": round(copy_used / used, 3),
        "peak_memory_mb": megabytes,
    }
    print(
        f"{vendor:10} {number:9,} rows: {result['rows_per_second']:7,} rows/s, "
        f"{result['ratio_to_copy_and_group_by']:.3f} x COPY + GROUP BY, "
        f"{result['processor_microseconds_per_row']} us of processors a row, peak {megabytes} MB"
    )
    return result


def main(sizes: list[int]) -> None:
    write_results(
        "fold_views",
        [measure(vendor, number) for vendor in ("postgresql", "sqlite") for number in sizes],
    )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
