"""How fast views are verified against their seals, against a COPY of them through one SHA-256.

`python -m benchmarks.verify_views [1_000_000 10_000_000]`, the number of views, on PostgreSQL.
"""

import resource
import sys
import time

from django.db import connection

from benchmarks.databases import new_database, run_apart
from benchmarks.fold_views import fill, time_fold
from benchmarks.results import write_results
from benchmarks.verify_payouts import time_copy_of
from billing.verification import verify_payouts

SIZES = [1_000_000]


def fold_and_analyze() -> None:
    time_fold()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def time_verification(*, new_views: bool) -> tuple[float, int, dict[str, int]]:
    """Return the seconds, the peak of this process's memory in MB, and what was checked."""
    started_at = time.perf_counter()
    run = verify_payouts(new_views=new_views)
    seconds = time.perf_counter() - started_at
    assert run.status == "passed", run.difference  # noqa: S101
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, run.numbers


def measure(number: int) -> dict:
    views = "billing_blogview"
    with new_database("postgresql"):
        run_apart(fill, number)
        run_apart(fold_and_analyze)
        copy_before = run_apart(time_copy_of, views)
        seconds, megabytes, numbers = run_apart(time_verification, new_views=False)
        copy = (copy_before + run_apart(time_copy_of, views)) / 2
        by_night, *_ = run_apart(time_verification, new_views=True)
    result = {
        "views": numbers["sealed views"],
        "seconds_for_a_million": round(seconds / number * 1_000_000, 1),
        "times_copy_and_sha256": round(seconds / copy, 1),
        "seconds_by_night_without_new_views": round(by_night, 1),
        "peak_memory_mb": megabytes,
    }
    print(
        f"{result['views']:10,} views: {result['seconds_for_a_million']:.1f} s for a million, "
        f"{result['times_copy_and_sha256']:.1f} x COPY and SHA-256, by night without new views "
        f"{by_night:.1f} s, peak {megabytes} MB"
    )
    return result


def main(sizes: list[int]) -> None:
    write_results("verify_views", [measure(size) for size in sizes])


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
