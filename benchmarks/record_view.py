"""Speed of recording a view on PostgreSQL, against the article's way and a bare INSERT.

`python -m benchmarks.record_view`. Each writer is a process with its own connection. The ways take
turns in each round; a ratio is the median of the rounds' ratios. The second part adds a millisecond
to each flush to the disk (slow_fsync.c), where a design that locks one row waits.
"""

import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import count, cycle
from pathlib import Path
from statistics import median

from django.db import connection, connections
from django.utils import timezone

from benchmarks import article
from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.results import write_results
from billing.counting.clicks import append_click, make_click
from billing.counting.recording import record_view
from billing.models.counts import make_view_id
from weblog.models import Blog

BLOGS = 1_000
WRITERS = [1, 8, 32]
ROUNDS = 5
SECONDS = 0.5
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"

fork = multiprocessing.get_context("fork")


def make_inserter(blog: Blog) -> Callable:
    """Return a function that does only the INSERT of record_view."""
    click = make_click(
        blog=blog, viewed_at=timezone.now(), ip_address="192.0.2.1", user_agent=USER_AGENT
    )

    def insert(*, blog, **facts):
        append_click(click._replace(id=make_view_id(), blog_id=blog.pk))

    return insert


def write_views(way: str, blogs: list[Blog], start, end_at, written) -> None:
    """Record views until `end_at`, and add their number to `written`. The writers share both."""
    connection.ensure_connection()
    ways = {
        "article": article.count_view,
        "insert": make_inserter(blogs[0]),
        "record_view": record_view,
    }
    act, addresses = ways[way], (f"10.0.{n >> 8 & 255}.{n & 255}" for n in count())
    start.wait()
    number = 0
    for blog in cycle(blogs):
        act(
            blog=blog,
            viewed_at=timezone.now(),
            ip_address=next(addresses),
            user_agent=USER_AGENT,
            user=None,
        )
        number += 1
        if time.monotonic() > end_at.value:
            break
    with written.get_lock():
        written.value += number


def time_way(way: str, writers: int, blogs: list[Blog]) -> float:
    """Return the views per second of that many writers together."""
    connections.close_all()
    end_at, written = fork.Value("d", 0), fork.Value("q", 0)

    def set_end():
        end_at.value = time.monotonic() + SECONDS

    start = fork.Barrier(writers, action=set_end)
    processes = []
    for n in range(writers):
        part = blogs[n * len(blogs) // writers :] + blogs[: n * len(blogs) // writers]
        arguments = (way, part, start, end_at, written)
        processes.append(fork.Process(target=write_views, args=arguments))
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return written.value / SECONDS


def compare(writers: int, ways: list[str], spreads: list[str]) -> list[dict]:
    """Return the speed and the ratios of each way, for each spread of the views over blogs."""
    every = list(Blog.objects.select_related("author", "category").order_by("pk"))
    blogs = {"uniform": every, "hot": every[:1]}
    speeds = defaultdict(list)
    for _ in range(ROUNDS):
        for spread in spreads:
            for way in ways:
                speeds[spread, way].append(time_way(way, writers, blogs[spread]))

    def ratio(to: tuple[str, str]) -> float:
        pairs = zip(speeds[spread, "record_view"], speeds[to], strict=True)
        return round(median(ours / theirs for ours, theirs in pairs), 2)

    results = []
    for spread in spreads:
        result = {"writers": writers, "blogs": spread}
        result |= {f"{way}_per_second": round(median(speeds[spread, way])) for way in ways}
        result |= {f"ratio_to_{way}": ratio((spread, way)) for way in ways[:-1]}
        if spread == "hot" and "uniform" in spreads:
            result["ratio_to_uniform"] = ratio(("uniform", "record_view"))
        print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.items()))
        results.append(result)
    return results


def measure(*, is_slow_disk: bool = False) -> list[dict]:
    ways, spreads = ["article", "insert", "record_view"], ["uniform", "hot"]
    if is_slow_disk:
        ways, spreads = ["article", "record_view"], ["hot"]
    return [result for writers in WRITERS for result in compare(writers, ways, spreads)]


def prepare() -> None:
    make_blogs(BLOGS)
    article.create_table()
    record_view(  # the salt of the day
        blog=Blog.objects.first(),
        viewed_at=timezone.now(),
        ip_address="192.0.2.1",
        user_agent=USER_AGENT,
    )


def main() -> None:
    with new_database("postgresql"):
        run_apart(prepare)
        figures = {"disk_as_it_is": run_apart(measure)}
    if not shutil.which("gcc"):
        print("Without gcc the disk can't be slowed down: that part is left out.")
    else:
        with tempfile.TemporaryDirectory(prefix="slow-fsync-") as directory:
            Path(directory).chmod(0o755)
            shim = f"{directory}/slow_fsync.so"
            source = Path(__file__).with_name("slow_fsync.c")
            subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
            print("With a millisecond added to each flush to the disk:")
            with new_database("postgresql", environment={"LD_PRELOAD": shim}):
                run_apart(prepare)
                figures["flush_1_ms_slower"] = run_apart(measure, is_slow_disk=True)
    write_results("record_view", figures)


if __name__ == "__main__":
    main()
