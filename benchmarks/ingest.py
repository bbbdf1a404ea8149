"""Speed of taking views in: through a broker, by INSERT, and pages without counting, in one run.

`python -m benchmarks.ingest`. Three servers of NATS on loopback, each view on all three, flushed to
the disk before it is acknowledged; PostgreSQL flushes too. First gunicorn's pages, then writers
that only record, then consume_views. The ways take turns; a ratio is the median of the rounds'.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from itertools import count, cycle
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.detail_page import serve, time_pages
from benchmarks.record_view import USER_AGENT, fork
from benchmarks.results import write_results
from billing.counting.recording import record_view
from billing.counting.stream import publishing
from billing.counting.stream.client import Client
from billing.counting.stream.consuming import Consumer
from billing.models import BlogView
from tests.billing.counting.stream.brokers import make_nodes, wait_for
from weblog.models import Blog

WRITERS = [1, 8]
ROUNDS = 4
SECONDS = 3
WAYS = {
    "broker": ("counting", True),
    "insert": ("counting", False),
    "none": ("disconnected", False),
}


def compare_pages(brokers: str) -> dict:
    """Return the pages per second of each way, and how many views of them the database got."""
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    with contextlib.ExitStack() as stack:
        ports = {}
        for way, (counting, is_broker) in WAYS.items():
            environment = {"VIEWS_BROKER": brokers if is_broker else ""}
            ports[way], _ = stack.enter_context(serve(counting, **environment))
        for port in ports.values():
            time_pages(port)
        for _ in range(ROUNDS):
            for way, port in ports.items():
                speeds[way].append(time_pages(port))
    return summarize(speeds, "pages")


def summarize(speeds: dict[str, list[float]], what: str) -> dict:
    result = {f"{way}_{what}_per_second": round(median(speeds[way])) for way in speeds}
    for to in [way for way in speeds if way != "broker"]:
        pairs = zip(speeds["broker"], speeds[to], strict=True)
        result[f"broker_to_{to}"] = round(median(one / other for one, other in pairs), 2)
    if "none" in speeds:
        pairs = zip(speeds["insert"], speeds["none"], strict=True)
        result["insert_to_none"] = round(median(one / other for one, other in pairs), 2)
    return result


def compare_writers(writers: int) -> dict:
    """Return the views per second that so many processes record, by each way."""
    blogs = list(Blog.objects.select_related("author", "category").order_by("pk"))
    speeds: dict[str, list[float]] = {"broker": [], "insert": []}
    fallen_back = 0
    for _ in range(ROUNDS):
        for way in speeds:
            before = BlogView.objects.count()
            number = time_writers(writers, blogs, is_broker=way == "broker")
            speeds[way].append(number / SECONDS)
            if way == "broker":
                fallen_back += BlogView.objects.count() - before
    return {"writers": writers, **summarize(speeds, "views"), "fallen_back": fallen_back}


def time_writers(writers: int, blogs: list[Blog], *, is_broker: bool) -> int:
    connections.close_all()
    end_at, written = fork.Value("d", 0), fork.Value("q", 0)

    def set_end():
        end_at.value = time.monotonic() + SECONDS

    start = fork.Barrier(writers, action=set_end)

    def write(part: list[Blog]) -> None:
        connection.ensure_connection()
        if not is_broker:
            settings.VIEWS_BROKER = []
        else:
            wait_for(lambda: publishing._own_client().is_connected)
        start.wait()
        number = 0
        for blog, n in zip(cycle(part), count(), strict=False):
            record_view(
                blog=blog,
                viewed_at=timezone.now(),
                ip_address=f"10.0.{n >> 8 & 255}.{n & 255}",
                user_agent=USER_AGENT,
                user=None,
            )
            number += 1
            if time.monotonic() > end_at.value:
                break
        with written.get_lock():
            written.value += number

    processes = [fork.Process(target=write, args=(blogs[n::writers],)) for n in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return written.value


def prepare() -> None:
    make_blogs(100)
    record_view(  # the salt of the day
        blog=Blog.objects.first(),
        viewed_at=timezone.now(),
        ip_address="192.0.2.1",
        user_agent=USER_AGENT,
    )
    client = Client(name="benchmark")
    wait_for(lambda: client.is_connected)

    def made():
        with contextlib.suppress(Exception):  # the cluster chooses its leader
            return client.make_stream()

    wait_for(made)
    client.close()


def consume() -> dict:
    """Return how fast one consumer takes in all that waits."""
    before, started_at = BlogView.objects.count(), time.monotonic()
    Consumer().run(is_over=lambda: False, until_empty=True)
    views = BlogView.objects.count() - before
    return {"views": views, "views_per_second": round(views / (time.monotonic() - started_at))}


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt install wrk")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="brokers-")))
        nodes = make_nodes(folder, 3)
        for node in nodes:
            stack.callback(node.kill)
            node.start()
        os.environ["SPOOL_DIR"] = str(folder / "spool")
        brokers = os.environ["VIEWS_BROKER"] = ",".join(node.url for node in nodes)
        stack.enter_context(new_database("postgresql"))
        run_apart(prepare)
        figures: dict = {"pages": compare_pages(brokers)}
        print("pages", figures["pages"])
        figures["recording"] = [run_apart(compare_writers, writers) for writers in WRITERS]
        print("recording", *figures["recording"])
        figures["consuming"] = run_apart(consume)
        print("consuming", figures["consuming"])
    write_results("ingest", figures)


if __name__ == "__main__":
    main()
