"""Time of verifying a batch, against a COPY of its lines through one SHA-256.

`python -m benchmarks.verify_payouts [10_000 100_000 1_000_000]` takes the numbers of lines, ten to
a payment. On PostgreSQL. Of the views only totals remain, as after the retention time.
"""

import hashlib
import resource
import sys
import time
from itertools import groupby
from operator import attrgetter

from django.db import connection

from benchmarks.build_batch import AT, MONTH, fill
from benchmarks.databases import new_database, record_accounts, run_apart
from benchmarks.results import write_results
from billing.models import DailyViewCount, RetiredViewTotal, ViewSeal
from billing.payouts.batch_checks import find_flags
from billing.payouts.steps import approve_batch, build_batch, submit_batch
from billing.proof.view_seals import append_view_seal
from billing.verification import verify_payouts
from tests.factories import make_user

SIZES = [10_000, 100_000, 1_000_000]
LINES = "(SELECT * FROM billing_paymentline ORDER BY payment_id, number)"


def retire_views() -> None:
    """Leave of the counted views what their retirement leaves."""
    counts = DailyViewCount.objects.order_by("day", "blog")
    for day, rows in groupby(counts, key=attrgetter("day")):
        counted = [[row.blog_id, row.author_id, row.category_id, row.views] for row in rows]
        outcomes = {"counted": sum(row[3] for row in counted)}
        append_view_seal(
            kind=ViewSeal.Kind.RETIREMENT, day=day, at=AT, outcomes=outcomes, counted=counted
        )
        RetiredViewTotal.objects.create(day=day, outcome="counted", views=outcomes["counted"])


def pay(lines: int) -> None:
    """Make an approved batch with that many lines, and a blog for each line."""
    fill(lines)
    record_accounts()
    retire_views()
    batch, _ = build_batch(month=MONTH, at=AT)
    batch = submit_batch(batch=batch, by=make_user(), at=AT)
    texts = {flag.code: "Looked at." for flag in find_flags(batch)}
    approve_batch(batch=batch, by=make_user(), acknowledgements=texts, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def time_copy_of(rows: str) -> float:
    """Return the seconds of reading a table or a query, as text, and hashing it."""
    started_at = time.perf_counter()
    sha256 = hashlib.sha256()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {rows} TO STDOUT") as copy,
    ):
        for block in copy:
            sha256.update(block)
    return time.perf_counter() - started_at


def time_verification() -> tuple[float, int, dict[str, int]]:
    """Return the seconds, this process's peak of memory in MB, and the number of checked rows."""
    started_at = time.perf_counter()
    run = verify_payouts()
    seconds = time.perf_counter() - started_at
    assert run.status == "passed", run.difference  # noqa: S101
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, run.numbers


def measure(lines: int) -> dict:
    with new_database("postgresql"):
        run_apart(pay, lines)
        copy_before = run_apart(time_copy_of, LINES)
        seconds, megabytes, numbers = run_apart(time_verification)
        copy = (copy_before + run_apart(time_copy_of, LINES)) / 2
    result = {
        "lines": numbers["lines"],
        "payments": numbers["payments"],
        "lines_per_second": round(numbers["lines"] / seconds),
        "times_copy_and_sha256": round(seconds / copy, 1),
        "peak_memory_mb": megabytes,
    }
    print(
        f"{result['lines']:9,} lines of {result['payments']:7,} payments: "
        f"{result['lines_per_second']:7,} lines/s, {result['times_copy_and_sha256']:.1f} x COPY "
        f"and SHA-256, peak {megabytes} MB"
    )
    return result


def main(sizes: list[int]) -> None:
    write_results("verify_payouts", [measure(size) for size in sizes])


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
