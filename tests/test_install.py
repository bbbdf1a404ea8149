"""The quick form of tests/deploy: an installation on this run's database, with cron's own lines."""

import stat
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from tests.checkout import Checkout
from tests.on_postgres import PACKAGE_DIR

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

LIST_RUNS = """
from backoffice.models import JobRun
for run in JobRun.objects.order_by("name"): print(run.name, run.status)
"""
LIST_LINES = "from backoffice.cron import make_lines; print(*make_lines(), sep='\\n')"
TRY_LINE = """
from backoffice import cron
environment = cron.Installed([], []).environment
print(cron.try_line(cron.make_lines()[0], environment=environment) or "right")
"""


@pytest.fixture(scope="module")
def database_url(worker_id, tmp_path_factory):
    """An empty database beside the tests' own; for SQLite the file in var/."""
    if connection.vendor == "sqlite":
        yield None
        return
    settings = connection.settings_dict
    name = f"install_{worker_id}"
    with psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname="postgres", autocommit=True
    ) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
        yield f"postgres://{settings['USER']}@/{settings['HOST']}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, database_url):
    checkout = Checkout(tmp_path_factory.mktemp("install") / "50% of it")
    database = {}
    if database_url:
        programs = PACKAGE_DIR / "pginstall" / "bin"
        database = {"DATABASE_URL": database_url, "POSTGRESQL_BIN": programs}
    checkout.write_env(DEBUG=0, ALLOWED_HOSTS="localhost", **database)
    return checkout


def run_as_cron(line):
    """Return the output of a crontab's line in the shell."""
    return line.split(maxsplit=5)[5].replace(r"\%", "%")


def test_every_line_of_the_crontab_runs_and_is_recorded(checkout):
    checkout.run("rm -rf var")
    checkout.manage("migrate", "--verbosity=0")
    assert (checkout.folder / "var").is_dir()
    lines = checkout.evaluate(LIST_LINES).splitlines()
    assert lines
    if connection.vendor == "sqlite":
        lines = lines[:2]  # PostgreSQL runs them all
    else:
        checkout.run("rm -r var")  # the shell opens the log before Python makes the folder
    with ThreadPoolExecutor(max_workers=2) as pool:
        said = list(pool.map(lambda line: checkout.run(run_as_cron(line)), lines))
    assert said == [""] * len(lines)
    runs = checkout.evaluate(LIST_RUNS).splitlines()
    assert len(runs) == len(lines)
    assert all(run.endswith("succeeded") for run in runs), runs
    var = checkout.folder / "var"
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    assert stat.S_IMODE((var / "cron.log").stat().st_mode) == 0o600
    assert checkout.evaluate(TRY_LINE) == "right"


@pytest.mark.any_database
def test_static_files_are_collected(checkout):
    """A script that names a missing file stops collectstatic, and with it every upgrade."""
    if connection.vendor == "sqlite":
        assert "post-processed" in checkout.manage("collectstatic", "--no-input")
