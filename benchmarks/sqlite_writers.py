"""32 processes that record views on one SQLite file, while views are folded: stored, lost, slowest.

`python -m benchmarks.sqlite_writers`. What the database does not take within a second goes to the
spool, as on a site; all of it has to be in the database in the end.
"""

import os
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.utils import timezone

from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.record_view import USER_AGENT, fork
from billing.counting.folding import fold_views
from billing.counting.recording import record_view
from billing.models import BlogView
from weblog.models import Blog

WRITERS, SECONDS = 32, 20


def write_views(number: int, blogs: list[Blog], start, written, slowest) -> None:
    addresses = (f"10.{number}.{n >> 8 & 255}.{n & 255}" for n in count())
    start.wait()
    end, most, views = time.monotonic() + SECONDS, 0.0, 0
    while (started := time.monotonic()) < end:
        record_view(
            blog=blogs[views % len(blogs)],
            viewed_at=timezone.now(),
            ip_address=next(addresses),
            user_agent=USER_AGENT,
        )
        views, most = views + 1, max(most, time.monotonic() - started)
    with written.get_lock():
        written.value += views
        slowest.value = max(slowest.value, most)


def measure(spool: str) -> tuple[int, int, int, float]:
    """Return how many views were acknowledged, spooled and stored, and the slowest."""
    settings.SPOOL_DIR = Path(spool)
    make_blogs(100)
    blogs = list(Blog.objects.select_related("author", "category"))
    connections.close_all()
    written, slowest, start = fork.Value("q", 0), fork.Value("d", 0), fork.Barrier(WRITERS)
    arguments = [(number, blogs, start, written, slowest) for number in range(WRITERS)]
    processes = [fork.Process(target=write_views, args=each) for each in arguments]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        fold_views()
        time.sleep(2)
    for process in processes:
        process.join()
    at_once = BlogView.objects.count()
    fold_views()
    return written.value, written.value - at_once, BlogView.objects.count(), slowest.value


def main() -> None:
    with new_database("sqlite"), tempfile.TemporaryDirectory(prefix="spool-") as spool:
        acknowledged, spooled, stored, slowest = run_apart(measure, spool)
    print(
        f"{WRITERS} writers on SQLite, {SECONDS} s, {os.cpu_count()} processors: {acknowledged:,} "
        f"acknowledged ({acknowledged / SECONDS:,.0f} a second), {stored:,} stored, "
        f"{acknowledged - stored:,} lost; {spooled:,} were in the spool at the end, "
        f"slowest {slowest:.1f} s"
    )
    sys.exit(acknowledged != stored)


if __name__ == "__main__":
    main()
