"""How fast views are verified against their seals, against a COPY of them through one SHA-256.

`python -m benchmarks.verify_views [1_000_000 10_000_000]`, the number of views, on PostgreSQL.
The views are written as fold_views leaves them, by a few statements: the fold is another benchmark.
"""

import datetime as dt
import resource
import sys
import time

from django.db import connection, transaction

from benchmarks.databases import make_blogs, new_database, read_processor_seconds, run_apart
from benchmarks.long_list_rows import drop_indexes
from benchmarks.results import write_results
from benchmarks.verify_payouts import time_copy_of
from billing.counting.folding import FOLD_SIZE
from billing.guards import install_guards, remove_guards
from billing.models import ViewSeal
from billing.proof.view_seals import append_view_seal, digest_day
from billing.verification import verify_payouts

SIZES = [1_000_000]
BLOGS = 1_000
START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
DAYS = 30

# A reader's click for each number, in order of time; every tenth repeats the one before it, which
# so is a double click. Each portion of a day is under a seal of its own.
VIEWS = """
INSERT INTO billing_blogview (id, blog_id, author_id, category_id, viewed_at, day, reader_key,
    previous_day_key, address_key, agent_key, outcome, excluded_by, seal_id)
SELECT CAST(lpad(to_hex(number), 16, '0') || left(md5('id' || number), 16) AS uuid),
    blog.id, author_id, category_id, at, day, reader,
    CASE WHEN at AT TIME ZONE 'UTC' - day < interval '30 seconds'
        THEN decode(md5('before' || number), 'hex') END,
    reader, reader,
    CASE WHEN number %% 10 = 9 AND number + 1 < %(views)s THEN 'double_click' ELSE 'counted' END,
    '', dense_rank() OVER (ORDER BY day, number / %(portion)s)
FROM (
    SELECT *, (at AT TIME ZONE 'UTC')::date AS day, decode(md5('reader' || first), 'hex') AS reader
    FROM (
        SELECT number, number - CASE number %% 10 WHEN 0 THEN sign(number)::int ELSE 0 END AS first,
            %(start)s + number * %(step)s AS at
        FROM generate_series(0, %(views)s - 1) number
    ) clicks
) readers
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS place, * FROM weblog_blog) blog
    ON place = mod(abs(hashint4(first)), %(blogs)s)
"""
COUNTS = """
INSERT INTO {table} (blog_id, author_id, category_id, {unit}, views, seal_id)
SELECT blog_id, author_id, category_id, {day}, COUNT(*), MAX(seal_id)
FROM billing_blogview WHERE outcome = 'counted' GROUP BY 1, 2, 3, 4
"""
OF_CATEGORIES = """
INSERT INTO billing_dailycategorycount (category_id, day, views, seal_id)
SELECT category_id, day, SUM(views), MAX(seal_id) FROM billing_dailyviewcount GROUP BY 1, 2
"""
OF_DAYS = {"table": "billing_dailyviewcount", "unit": "day", "day": "day"}
OF_MONTHS = {
    "table": "billing_monthlyviewcount",
    "unit": "month",
    "day": "date_trunc('month', day)::date",
}


def fill(number: int) -> None:
    """Write views as they are after their fold, without triggers and checks of foreign keys."""
    make_blogs(BLOGS)
    values = {
        "views": number, "start": START, "step": dt.timedelta(days=DAYS) / number,
        "portion": FOLD_SIZE, "blogs": BLOGS,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        remove_guards(connection)
        cursor.execute("SET LOCAL session_replication_role = replica")
        for memory in ("work_mem", "maintenance_work_mem"):
            cursor.execute(f"SET LOCAL {memory} = '1GB'")
        indexes = drop_indexes(cursor, "billing_blogview")
        cursor.execute(VIEWS, values)
        for index in indexes:
            cursor.execute(index)
        for counts in (OF_DAYS, OF_MONTHS):
            cursor.execute(COUNTS.format(**counts))
        cursor.execute(OF_CATEGORIES)
        install_guards(connection)
        at = START + dt.timedelta(days=DAYS + 1)
        print(f"{number:10,} views: filled", flush=True)
        for day in range(DAYS):
            _seal_day((START + dt.timedelta(days=day)).date(), at)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _seal_day(day: dt.date, at: dt.datetime) -> None:
    for number, portion in sorted(digest_day(day)):
        link = append_view_seal(
            kind=ViewSeal.Kind.VIEWS, day=day, at=at, views=portion.views, digest=portion.digest
        )
        assert link.number == number  # noqa: S101


def time_verification(*, new_views: bool) -> tuple[float, float, int, dict[str, int]]:
    """Return the seconds that passed and of processors, the peak of memory in MB, and the numbers.

    The memory is this process's. The numbers are what was checked.
    """
    started_at, used_before = time.perf_counter(), read_processor_seconds()
    run = verify_payouts(new_views=new_views)
    seconds = time.perf_counter() - started_at
    used = read_processor_seconds() - used_before
    assert run.status == "passed", run.difference  # noqa: S101
    return seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, run.numbers


def measure(number: int) -> dict:
    views = "billing_blogview"
    with new_database("postgresql"):
        run_apart(fill, number)
        copy_before = run_apart(time_copy_of, views)
        seconds, used, megabytes, numbers = run_apart(time_verification, new_views=False)
        copy = (copy_before + run_apart(time_copy_of, views)) / 2
        by_night, *_ = run_apart(time_verification, new_views=True)
    result = {
        "views": numbers["sealed views"],
        "seconds": round(seconds, 1),
        "processor_seconds": round(used, 1),
        "times_copy_and_sha256": round(seconds / copy, 1),
        "seconds_by_night_without_new_views": round(by_night, 1),
        "peak_memory_mb": megabytes,
    }
    print(
        f"{result['views']:10,} views: {seconds:.1f} s, {used:.1f} s of processors, "
        f"{result['times_copy_and_sha256']:.1f} x COPY and SHA-256, by night without new views "
        f"{by_night:.1f} s, peak {megabytes} MB"
    )
    return result


def main(sizes: list[int]) -> None:
    write_results("verify_views", [measure(size) for size in sizes])


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
