import contextlib
import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.deploy.client import Reader
from tests.deploy.installation import Installation
from tests.deploy.servers import Application, Nginx, wait_for
from tests.on_postgres import postgres_server

CRONTAB, CRON = "/usr/bin/crontab", "/usr/sbin/cron"


def pytest_collection_modifyitems(items):
    """An installation makes its .venv, and TRIAL_SECONDS may be many."""
    seconds = 1_200 + 2 * int(os.environ.get("TRIAL_SECONDS", "0"))
    here = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.timeout(seconds))


@contextlib.contextmanager
def kept_crontab():
    """Put back what the crontab of this user held before. One run of these tests at a time."""
    lock = open(Path(tempfile.gettempdir()) / "deploy-tests.lock", "w")  # noqa: SIM115
    fcntl.flock(lock, fcntl.LOCK_EX)
    before = subprocess.run([CRONTAB, "-l"], capture_output=True, text=True, check=False)
    try:
        yield
    finally:
        if before.returncode:
            subprocess.run([CRONTAB, "-r"], check=False, capture_output=True)
        else:
            subprocess.run([CRONTAB, "-"], input=before.stdout, text=True, check=True)
        lock.close()


@contextlib.contextmanager
def running_cron():
    """Run Debian's cron, unless one runs here already."""
    from backoffice.cron import is_daemon_running

    if is_daemon_running():
        yield
        return
    process = subprocess.Popen([CRON, "-f"])
    try:
        wait_for(is_daemon_running)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def own_crontab():
    """Lend the crontab of this account, and cron, to one module. Not beside `installation`."""
    if os.geteuid() != 0:
        pytest.skip("Debian's cron needs root")
    with kept_crontab(), running_cron():
        yield


@pytest.fixture(scope="session")
def database_server():
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def installation(database_server):
    """The installation after everything under Installing is done."""
    if os.geteuid() != 0:
        pytest.skip("nginx, its account and Debian's cron need root")
    quick = os.environ.get("QUICK") == "1"
    # Not in pytest's own folder, which nginx's account can't enter.
    with tempfile.TemporaryDirectory(prefix="deploy-") as name, kept_crontab(), running_cron():
        folder = Path(name)
        folder.chmod(0o755)
        installation = Installation(folder, database_url=database_server, quick=quick)
        installation.said = installation.follow("Installing")
        yield installation


@pytest.fixture(scope="session")
def application(installation):
    with Application(installation.folder, installation.root / "web.sock").running() as application:
        yield application


@pytest.fixture(scope="session")
def nginx(installation, application):
    static = installation.folder / "staticfiles"
    nginx = Nginx(installation.root / "nginx", static=static, app=application.path)
    with nginx.running():
        yield nginx


@pytest.fixture
def reader(nginx, request):
    """A function that makes a reader of an address that no other test has."""
    tests = sorted(item.name for item in request.session.items)
    network, count = tests.index(request.node.name) + 1, iter(range(1, 60_000))
    readers = []

    def make(**options):
        number = next(count)
        address = f"127.{network}.{number // 250}.{number % 250 + 1}"
        readers.append(Reader(nginx.port, nginx.folder, address=address, **options))
        return readers[-1]

    yield make
    for each in readers:
        each.close()
