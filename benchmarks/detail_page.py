"""Speed of a blog's page through gunicorn and PostgreSQL, for each way of counting its views.

`python -m benchmarks.detail_page`. Two workers; wrk reads a single blog. Then the same under kill
-9: each answered page must have left its view.
"""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from statistics import median

from django.db import OperationalError, connection

from benchmarks import article
from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.results import write_results
from billing.models import BlogView

WAYS = ["counting", "disconnected", "article"]
ROUNDS = 4
SECONDS = 2
CONNECTIONS = 16
THREADS = 8  # of each worker: while one waits for its commit, others work
KILL_SECONDS = 8
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
PATH = "/blogs/blog-0/"


@contextlib.contextmanager
def serve(way: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """Run gunicorn with two workers of THREADS threads, and yield its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "benchmarks.server:application", "--workers=2",
         f"--threads={THREADS}", f"--bind=127.0.0.1:{port}", "--log-level=critical"],
        env=os.environ | {"COUNTING": way}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not answers(port):
            time.sleep(0.1)
        yield port, server
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    reader = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        reader.request("GET", PATH, headers={"User-Agent": USER_AGENT})
        return reader.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        reader.close()


def time_pages(port: int) -> float:
    """Return the pages per second that wrk gets. Raises if an answer is not 200."""
    report = subprocess.run(
        ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={SECONDS}s",
         f"--header=User-Agent: {USER_AGENT}", f"http://127.0.0.1:{port}{PATH}"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in report:
        raise RuntimeError(report)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", report)[1])


def compare_ways() -> dict:
    speeds = {way: [] for way in WAYS}
    with contextlib.ExitStack() as stack:
        ports = {way: stack.enter_context(serve(way))[0] for way in WAYS}
        for port in ports.values():
            time_pages(port)
        for _ in range(ROUNDS):
            for way, port in ports.items():
                speeds[way].append(time_pages(port))
    result = {f"{way}_pages_per_second": round(median(speeds[way])) for way in WAYS}
    for way in WAYS[1:]:
        pairs = zip(speeds["counting"], speeds[way], strict=True)
        result[f"ratio_to_{way}"] = round(median(ours / theirs for ours, theirs in pairs), 2)
    return result


def read_under_fire() -> dict:
    """Kill a worker, then the database, again and again, and compare pages with views."""
    pages, stop = [0] * CONNECTIONS, threading.Event()

    def read(number: int, port: int) -> None:
        while not stop.is_set():
            pages[number] += answers(port)

    kills = 0
    with serve("counting") as (port, server):
        before = run_apart(count_recorded)
        readers = [threading.Thread(target=read, args=(n, port)) for n in range(CONNECTIONS)]
        for reader in readers:
            reader.start()
        end_at = time.monotonic() + KILL_SECONDS
        while time.monotonic() < end_at:
            time.sleep(1)
            kill_worker(server.pid)
            time.sleep(1)
            run_apart(kill_database)
            kills += 1
        stop.set()
        for reader in readers:
            reader.join()
    views = run_apart(count_recorded) - before
    return {"kills_of_each": kills, "pages_answered": sum(pages), "views_recorded": views}


def count_recorded() -> int:
    return BlogView.objects.count()


def kill_worker(server: int) -> None:
    workers = subprocess.run(["pgrep", "-P", str(server)], capture_output=True, text=True).stdout
    os.kill(int(workers.split()[0]), signal.SIGKILL)


def kill_database() -> None:
    """Kill a process of PostgreSQL. It then drops all others and recovers from its log."""
    for _ in range(KILL_SECONDS):
        with contextlib.suppress(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return os.kill(cursor.fetchone()[0], signal.SIGKILL)
        time.sleep(1)  # it is not back yet
    raise RuntimeError("The database does not come back.")


def prepare() -> None:
    make_blogs(100)
    article.create_table()


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt install wrk")
    with new_database("postgresql"):
        run_apart(prepare)
        figures = compare_ways()
        print(figures)
        figures["under_kill"] = fire = read_under_fire()
    print("under kill", fire)
    write_results("detail_page", figures)
    if fire["views_recorded"] < fire["pages_answered"]:
        sys.exit("Views of pages that were answered are lost.")


if __name__ == "__main__":
    main()
