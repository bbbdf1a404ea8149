"""Crowds, slow clients and restarts of the installed site. `make test-deploy`."""

import http.client
import multiprocessing
import signal
import socket
import ssl
import statistics
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.client import read_steadily
from tests.deploy.servers import HOST, wait_for

SIGN_IN = "/admin/login/"
PROCESSORS = Path("/proc/stat")
IDLE = 0.9  # of the machine, for the figures to be ours
MOST_SECONDS = 1


def ask_status(client):
    """Return the status of the front page, 0 where there was no answer."""
    try:
        return client.ask("/").status
    except (OSError, http.client.HTTPException):
        return 0


class Slow:
    """A client that sends a request byte by byte, and reads as slowly."""

    def __init__(self, nginx, address, text):
        context = ssl.create_default_context(cafile=nginx.folder / "fullchain.pem")
        plain = socket.create_connection(("127.0.0.1", nginx.port), 20, source_address=(address, 0))
        self.socket = context.wrap_socket(plain, server_hostname=HOST)
        self.text, self.sent, self.dropped = text.encode(), 0, False

    def send_some(self):
        try:
            self.socket.send(self.text[self.sent : self.sent + 1])
            self.sent += 1
        except OSError:
            self.dropped = True


@pytest.fixture
def slow_clients(nginx):
    """200 clients that hang in their headers, 200 in their bodies, a byte every 2 s."""
    header = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Padding: {'x' * 4000}\r\n\r\n"
    body = (
        f"POST {SIGN_IN} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 4000\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n" + "x" * 4000
    )
    clients = [Slow(nginx, f"127.200.{number}.1", header) for number in range(200)]
    for number in range(200):
        client = Slow(nginx, f"127.201.{number}.1", body)
        client.socket.send(body[: body.index("\r\n\r\n") + 4].encode())
        client.sent = body.index("\r\n\r\n") + 4
        clients.append(client)
    stop = threading.Event()

    def trickle():
        while not stop.wait(2):
            for client in clients:
                client.send_some()

    thread = threading.Thread(target=trickle)
    thread.start()
    yield clients
    stop.set()
    thread.join()
    for client in clients:
        client.socket.close()


def read_meanwhile(nginx, seconds=10):
    """Start five readers in processes of their own; their answers are the results."""
    pool = ProcessPoolExecutor(max_workers=5, mp_context=multiprocessing.get_context("spawn"))
    addresses = [f"127.202.0.{number}" for number in range(1, 6)]
    futures = [
        pool.submit(read_steadily, nginx.port, nginx.folder, address, seconds)
        for address in addresses
    ]
    pool.shutdown(wait=False)
    return futures


def find_p95(futures):
    answers = [answer for future in futures for answer in future.result()]
    assert {status for status, _ in answers} == {200}
    return len(answers), statistics.quantiles([seconds for _, seconds in answers], n=20)[-1]


def measure_idle(seconds=3):
    """Return which part of the processors' time nobody uses, before we do."""

    def read():
        user, nice, system, idle, waiting, *rest = map(int, PROCESSORS.read_text().split()[1:9])
        return idle + waiting, user + nice + system + idle + waiting + sum(rest)

    idle, total = read()
    time.sleep(seconds)
    later_idle, later_total = read()
    return (later_idle - idle) / (later_total - total)


def test_crowd_at_the_door_does_not_stop_the_readers(nginx, request, reader):
    """Slow clients, 200 sign-ins at once: the rest stays < 1 s p95 behind the shipped nginx
    configuration. 400 slow clients, 200 addresses; an idle machine alone can show it."""
    idle = measure_idle()
    find_p95(read_meanwhile(nginx))  # workers that have just started are slow once
    quiet = find_p95(read_meanwhile(nginx))
    request.getfixturevalue("slow_clients")
    visitors = [reader(timeout=150) for _ in range(200)]
    with ThreadPoolExecutor(max_workers=20) as pool:
        list(pool.map(lambda client: client.ask(SIGN_IN), visitors))

    def sign_in(client):
        data = {"username": client.address, "password": "wrong"}
        return [client.post(SIGN_IN, data).status for _ in range(3)]

    readers = read_meanwhile(nginx)
    with ThreadPoolExecutor(max_workers=200) as pool:
        signed = [status for statuses in pool.map(sign_in, visitors) for status in statuses]
    crowded = find_p95(readers)
    counts = {status: signed.count(status) for status in set(signed)}
    sys.stdout.write(
        f"Pages and p95: before {quiet}, meanwhile {crowded}; sign-ins {counts}; "
        f"{idle:.0%} idle at first\n"
    )
    assert set(counts) <= {200, 429, 503}  # 503 is the application's "try again in a moment"
    if crowded[1] >= MOST_SECONDS and idle < IDLE:
        pytest.skip(f"p95 {crowded[1]:.1f} s, but others used {1 - idle:.0%} of the machine before")
    assert crowded[1] < MOST_SECONDS


def test_slow_clients_are_let_go(slow_clients):
    headers = slow_clients[:200]
    wait_for(lambda: all(client.dropped for client in headers), seconds=30)


@pytest.fixture
def stream(reader):
    """Readers who ask without pause. Yields their answers."""
    stop, statuses = threading.Event(), []

    def read():
        client = reader(timeout=60)
        while not stop.wait(0.05):
            statuses.append(ask_status(client))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(statuses) > 20, seconds=120)
    yield statuses
    stop.set()
    for thread in threads:
        thread.join()


def test_reload_loses_no_request(application, stream):
    for _ in range(3):
        before = len(stream)
        application.reload()
        wait_for(lambda before=before: len(stream) > before + 50, seconds=120)
        time.sleep(4)
    assert set(stream) == {200}


def test_restart_by_the_socket_loses_no_request(application, stream):
    application.stop()
    time.sleep(1)
    before = len(stream)
    application.start()
    wait_for(lambda: len(stream) > before + 50, seconds=120)
    assert set(stream) == {200}


def test_killed_application_loses_only_what_it_held(application, stream):
    before = len(stream)
    application.stop(signal.SIGKILL)
    time.sleep(1)
    application.start()
    wait_for(lambda: len(stream) > before + 100, seconds=120)
    failed = [status for status in stream if status != 200]
    sys.stdout.write(f"{len(stream)} requests, {len(failed)} of them failed: {set(failed)}\n")
    assert len(failed) <= 8  # each of the eight readers has one under way
