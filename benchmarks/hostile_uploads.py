"""Hostile files against the application as gunicorn serves it: what each takes, and what is lost.

    python -m benchmarks.hostile_uploads --count 10000 [--seed 1] [--kind "zip bomb"] [--postgresql]
    python -m benchmarks.hostile_uploads --count 10000 --first 4000  # goes on at number 4,000

Prints the slowest and the largest of each kind, and fails on a status of 500, an upload without
an answer, a worker that is not there any more, a file that was left, or where one file took more
than 5 seconds or made its worker grow by more than 64 MB, even if it gave them back. The seconds
are what the worker and what it started had of a processor, and how long the answer took: the first
tell what is ours where others use the machine too.
"""

import argparse
import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.results import write_results
from tests.hostile.doors import encode, find_doors
from tests.on_postgres import postgres_server

MOST_SECONDS, MOST_GROWTH = 5, 64_000_000
WORKERS = 2
TICK = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="leave out the files before this one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", help="this one alone")
    parser.add_argument("--postgresql", action="store_true", help="not on SQLite")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hostile-"))
        url = f"sqlite:///{folder}/db.sqlite3"
        if options.postgresql:
            url = stack.enter_context(postgres_server())
        attack_all(stack.enter_context(start_server(folder, url)), options)


class Server:
    def __init__(self, port, process, folder, session, batch):
        self.port, self.process, self.folder = port, process, Path(folder)
        self.cookies = f"sessionid={session}; csrftoken={'a' * 32}"
        self.doors = find_doors(batch)

    def workers(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def send(self, path, body, content_type):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookies, "Content-Type": content_type}
        headers |= {"X-CSRFToken": "a" * 32, "Host": "127.0.0.1"}
        # A page that takes no file answers and closes before everything is sent. Read its answer.
        with contextlib.closing(connection):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request("POST", path, body, headers)
            try:
                return connection.getresponse().status
            except (ConnectionResetError, http.client.HTTPException):
                return 0  # no answer, which is a failure


@contextlib.contextmanager
def start_server(folder, database_url):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tests.settings_hostile",
        "HOSTILE_FOLDER": folder,
        "DEBUG": "0",
    }
    made = subprocess.run(
        [sys.executable, "-c", "from tests.settings_hostile import prepare; prepare()"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    command = [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--workers", str(WORKERS)]
    command += ["--bind", f"127.0.0.1:{port}", "--timeout", "30", "--log-level", "error"]
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        time.sleep(5)
        yield Server(port, process, folder, *made[-2:])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def attack_all(server, options):
    from tests.hostile import KINDS, make_attacks

    if options.kind:
        for name in set(KINDS) - {options.kind}:
            del KINDS[name]
    warm_up(server)
    workers, baseline = server.workers(), {pid: memory(pid) for pid in server.workers()}
    statuses, worst = Counter(), defaultdict(lambda: (0, 0, 0))
    started = time.monotonic()
    attacks = make_attacks(options.count, options.seed, first=options.first)
    for number, attack in enumerate(attacks, options.first):
        pages = server.doors[attack.door]
        before = sum(map(processor, workers))
        held = {pid: forget_peak(pid) for pid in workers & server.workers()}
        at = time.monotonic()
        status = server.send(pages[number % len(pages)], *encode(attack))
        waited = time.monotonic() - at
        used = sum(map(processor, workers & server.workers())) - before
        statuses[status] += 1
        grown = max(
            (memory(pid, "VmHWM") - held[pid] for pid in workers & server.workers()), default=0
        )
        seconds, most_waited, most = worst[attack.kind]
        worst[attack.kind] = max(used, seconds), max(waited, most_waited), max(grown, most)
        if status >= 500:
            print((server.folder / "log").read_text()[-4_000:])
        if status >= 500 or status == 0 or used > MOST_SECONDS or grown > MOST_GROWTH:
            print(
                f"{number}: {attack.kind}: {status}, {used:.1f} s, {grown / 1e6:.0f} MB, "
                f"{len(attack.data):,} bytes"
            )
        if number % 500 == 499:
            print(
                f"{number + 1:,} in {time.monotonic() - started:.0f} s: {dict(statuses)}",
                flush=True,
            )
    kept = max((memory(pid) - baseline[pid] for pid in workers & server.workers()), default=0)
    report(server, workers, statuses, worst, kept)


def report(server, workers, statuses, worst, kept):
    for name, (used, waited, grown) in sorted(worst.items(), key=lambda each: -each[1][0]):
        print(f"{used:6.2f} s used {waited:6.2f} s waited {grown / 1e6:6.1f} MB  {name}")
    lost = workers - server.workers()
    left = [path for path in (server.folder / "uploads").iterdir() if path.suffix != ".upload"]
    print(
        f"{statuses.total():,} files: {dict(statuses)}; {len(lost)} workers lost; {len(left)} "
        f"files left; one took at most {max(worst.values())[0]:.1f} s and "
        f"{max(each[2] for each in worst.values()) / 1e6:.0f} MB; after all of them a worker holds "
        f"{kept / 1e6:.0f} MB more"
    )
    figures = [
        {"kind": name, "seconds_used": round(used, 2), "seconds_waited": round(waited, 2),
         "mb_more": round(grown / 1e6, 1)}
        for name, (used, waited, grown) in sorted(worst.items())
    ]  # fmt: skip
    answers = {str(status): times for status, times in sorted(statuses.items())}
    totals = {"files": statuses.total(), "answers": answers, "workers_lost": len(lost)}
    totals |= {"mb_more_at_the_end": round(kept / 1e6, 1)}
    write_results("hostile_uploads", totals | {"files_left": len(left), "kinds": figures})
    too_slow = any(each[0] > MOST_SECONDS for each in worst.values())
    too_large = any(each[2] > MOST_GROWTH for each in worst.values())
    failed = any(status >= 500 or status == 0 for status in statuses)
    sys.exit(bool(lost or left or failed or too_slow or too_large))


def warm_up(server):
    """Let each worker load what it loads at its first file."""
    small = {
        "table": ("a.csv", b"slug,name\na,b\n", {}),
        "posts": ("a.xml", b"<rss/>", {}),
        "picture": ("a.png", b"x", {"alt_text": "A"}),
        "log": ("a.log", b"x\n", {}),
        "text": ("", b"", {"body": "<p>x</p>"}),
    }
    from tests.hostile import Attack

    for _ in range(6):
        for door, (name, data, values) in small.items():
            for page in server.doors[door]:
                server.send(page, *encode(Attack("", door, name, data, values)))


def memory(pid, name="VmRSS"):
    """Return the bytes of memory that a process has, or (VmHWM) had at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024


def forget_peak(pid):
    """Let VmHWM start anew. Return the bytes that the process has."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid)


def processor(pid):
    """Return the seconds of processor time of a process and of the children that it waited for."""
    try:
        fields = re.sub(r".*\) ", "", Path(f"/proc/{pid}/stat").read_text()).split()
    except FileNotFoundError:
        return 0
    return sum(map(int, fields[11:15])) / TICK


if __name__ == "__main__":
    main()
