"""Views while the database refuses, from requests to gunicorn: acknowledged, stored, lost, named.

`make test-deploy`; TRIAL_SECONDS=300 for faults of five minutes. Needs root for the disks that
are full, and for PostgreSQL's own account.
"""

import contextlib
import http.client
import itertools
import os
import pwd
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from tests.deploy.servers import find_free_port, wait_for
from tests.on_postgres import PACKAGE_DIR, postgres_server

SECONDS = int(os.environ.get("TRIAL_SECONDS", "10"))
CLIENTS = 8
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Mounts disks, and needs root.")


PREPARE = """
from django.contrib.auth.models import User
from django.utils import timezone
from weblog.models import Blog, Category
author = User.objects.create(username="ada")
category = Category.objects.create(name="Tech", slug="tech")
for n in range(5):
    Blog.objects.create(title=f"Blog {n}", slug=f"blog-{n}", body="<p>Text.</p>", author=author,
                        category=category, status="published", publish_at=timezone.now())
"""
COUNT = """
from django.db.models import Sum
from billing.models import BlogView, LostViewTotal
lost = LostViewTotal.objects.aggregate(sum=Sum("views", default=0))["sum"]
print("COUNTED", BlogView.objects.count(), lost)
"""


def manage(*arguments):
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def prepare():
    manage("migrate", "--verbosity=0")
    manage("shell", "-v0", "-c", PREPARE)
    manage("fold_views")


def finish():
    """Take the spool in; return how many views are stored, and how many are said to be lost."""
    manage("fold_views")
    words = manage("shell", "-v0", "-c", COUNT).split()
    at = words.index("COUNTED")
    return int(words[at + 1]), int(words[at + 2])


def get(port, path, headers):
    """Return the status of an answer that was read to its end."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("GET", path, headers=headers)
        with client.getresponse() as response:
            response.read()
            return response.status


class Readers:
    """People who open blogs all the time, each request from an address of its own."""

    def __init__(self, port):
        self.port, self.statuses, self.slowest = port, [], 0
        self.stopped = threading.Event()
        self.addresses = itertools.count(1)
        self.threads = [threading.Thread(target=self.read) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def read(self):
        while not self.stopped.is_set():
            number = next(self.addresses)
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            headers = {"X-Forwarded-For": address, "User-Agent": USER_AGENT}
            started_at = time.monotonic()
            try:
                status = get(self.port, f"/blogs/blog-{number % 5}/", headers)
            except (OSError, http.client.HTTPException):
                status = 0
            self.statuses.append(status)
            if status == 200:
                self.slowest = max(self.slowest, time.monotonic() - started_at)
            time.sleep(0.02)

    @property
    def acknowledged(self):
        return self.statuses.count(200)


@contextlib.contextmanager
def application(folder):
    port = find_free_port()
    log = (folder / "gunicorn.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--workers=2", "--threads=4",
         f"--bind=127.0.0.1:{port}", f"--worker-tmp-dir={folder}"],
        stdout=log, stderr=log,
    )  # fmt: skip

    def answers():
        with contextlib.suppress(OSError):
            return get(port, "/robots.txt", {}) == 200

    try:
        wait_for(answers)
        yield port
    finally:
        process.terminate()
        process.wait()
        log.close()


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder],
                   check=True)  # fmt: skip
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextlib.contextmanager
def full(disk):
    """Fill the rest of a disk, to the last byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65_536))
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0")
    yield
    ballast.unlink()


class Trial:
    """A database and an application on it. `fault` is put into the middle of the reading."""

    def __init__(self, folder, url, *, spool=None):
        self.folder = folder
        os.environ |= {
            "DATABASE_URL": url,
            "SPOOL_DIR": str(spool or folder / "spool"),
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "DEBUG": "1",  # pages without collected static files
            "TRUSTED_PROXIES": "1",
        }

    def run(self, name, fault):
        prepare()
        with application(self.folder) as port, Readers(port) as readers:
            wait_for(lambda: readers.acknowledged > 50)
            before = readers.acknowledged
            with fault:
                time.sleep(SECONDS)
                during = readers.acknowledged - before
            wait_for(lambda: readers.acknowledged > before + during + 50, seconds=60)
        stored, named = finish()
        lost = max(readers.acknowledged - stored, 0)
        print(  # noqa: T201
            f"{name}, {SECONDS} s: {readers.acknowledged} acknowledged, {during} of them during "
            f"the fault, slowest {readers.slowest:.1f} s; {stored} stored, {lost} lost, "
            f"{named} named"
        )
        return readers, during, lost, named


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "SPOOL_DIR", "DJANGO_SETTINGS_MODULE", "TRUSTED_PROXIES", "DEBUG"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back afterwards
    return tmp_path


@contextlib.contextmanager
def locked(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_sqlite_locked(folder):
    trial = Trial(folder, f"sqlite:///{folder}/db.sqlite3")
    readers, during, lost, _ = trial.run("SQLite locked", locked(folder / "db.sqlite3"))
    assert during > SECONDS
    assert lost == 0
    assert readers.slowest < 5


@pytest.mark.parametrize("is_spool_there", [False, True])
def test_sqlite_on_a_full_disk(folder, is_spool_there):
    with small_disk(folder / "disk", "24m") as disk:
        spool = disk / "spool" if is_spool_there else None
        trial = Trial(folder, f"sqlite:///{disk}/db.sqlite3", spool=spool)
        name = f"SQLite, disk full, spool {'on it' if is_spool_there else 'elsewhere'}"
        _, during, lost, named = trial.run(name, full(disk))
    assert during > SECONDS
    assert lost == named


class Postgres:
    """The server of tests.on_postgres, stopped and started under its clients."""

    def __init__(self, url):
        self.url = url
        self.folder = Path(url.removeprefix("postgres://postgres@/").removesuffix("/postgres"))
        self.data = self.folder / "data"
        nobody = pwd.getpwnam("nobody")
        self.account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def control(self, *arguments):
        self.run("pg_ctl", f"--pgdata={self.data}", *arguments)

    def run(self, program, *arguments):
        with (self.folder / "log").open("a") as log:
            subprocess.run(
                [self.folder / PACKAGE_DIR.name / "pginstall" / "bin" / program, *arguments],
                check=True, cwd=self.folder, stdout=log, stderr=log, **self.account,
            )  # fmt: skip

    @contextlib.contextmanager
    def standby(self):
        """Start a standby that has each commit on its disk before the client hears of it.

        Yields where its socket lies, and the fault: this server killed, then the standby promoted.
        """
        folder = self.folder / "standby"
        data = f"--pgdata={folder / 'data'}"
        self.run("pg_basebackup", data, f"--host={self.folder}", "--username=postgres",
                 "--write-recovery-conf", "--checkpoint=fast")  # fmt: skip
        with (folder / "data" / "postgresql.auto.conf").open("a") as file:
            source = f"host={self.folder} user=postgres application_name=standby"
            file.write(f"\nprimary_conninfo = '{source}'\nunix_socket_directories = '{folder}'\n")
        self.run("pg_ctl", data, "start", "--wait")
        try:
            with (self.data / "postgresql.auto.conf").open("a") as file:
                file.write("\nsynchronous_standby_names = 'standby'\n")
            self.control("reload")
            yield folder, self.promoted(data)
        finally:
            self.run("pg_ctl", data, "stop", "--mode=fast")

    @contextlib.contextmanager
    def promoted(self, data):
        self.kill()
        yield
        self.run("pg_ctl", data, "promote", "--wait")

    @contextlib.contextmanager
    def away(self):
        self.control("stop", "--mode=fast")
        yield
        self.control("start", "--wait")

    @contextlib.contextmanager
    def killed(self):
        """Killed as by the kernel, with everything in memory lost."""
        self.kill()
        yield
        time.sleep(1)
        self.control("start", "--wait")

    def kill(self):
        file = self.data / "postmaster.pid"
        os.kill(int(file.read_text().split()[0]), signal.SIGKILL)
        file.unlink()

    @contextlib.contextmanager
    def told(self, setting):
        """With a line more in its configuration, and without it again."""
        file = self.data / "postgresql.auto.conf"
        before = file.read_text()
        file.write_text(f"{before}\n{setting}\n")
        self.control("reload")
        yield
        file.write_text(before)
        self.control("reload")


@pytest.mark.parametrize("fault", ["away", "killed"])
def test_postgresql_gone(folder, fault):
    with postgres_server(fsync=True) as url:
        _, _, lost, _ = Trial(folder, url).run(
            f"PostgreSQL {fault}", getattr(Postgres(url), fault)()
        )
    assert lost == 0


def test_standby_is_promoted(folder):
    with postgres_server(fsync=True) as url:
        server = Postgres(url)
        with server.standby() as (standby, fault):
            hosts = f"host={server.folder},{standby}&target_session_attrs=read-write"
            trial = Trial(folder, f"postgres://postgres@/postgres?{hosts}")
            _, _, lost, _ = trial.run("PostgreSQL killed, standby promoted", fault)
    assert lost == 0


def test_postgresql_read_only(folder):
    with postgres_server(fsync=True) as url:
        fault = Postgres(url).told("default_transaction_read_only = on")
        _, during, lost, _ = Trial(folder, url).run("PostgreSQL read-only", fault)
    assert during > SECONDS
    assert lost == 0


def test_postgresql_on_a_full_disk(folder, monkeypatch):
    """In a folder that the account of the server may enter."""
    with tempfile.TemporaryDirectory(prefix="disk-") as name:
        Path(name).chmod(0o755)
        with small_disk(Path(name) / "disk", "400m") as disk:
            monkeypatch.setattr("tempfile.tempdir", str(disk))
            with postgres_server(fsync=True) as url:
                _, _, lost, named = Trial(folder, url).run("PostgreSQL, disk full", full(disk))
    assert lost == named
