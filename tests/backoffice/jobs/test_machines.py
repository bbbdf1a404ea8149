"""Several machines start the same jobs: one runs each, but those about its own files."""

import datetime as dt
import zlib

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from django.utils import timezone

from backoffice import jobs
from backoffice.jobs import machines, records, running, watching
from backoffice.models import JobRun

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]

NAME = "find_findings"


@pytest.fixture(autouse=True)
def ran(monkeypatch, settings):
    """A job that notes that it ran, due five minutes ago; what watches jobs looks away."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one machine.")
    ran = []
    monkeypatch.setattr(watching, "watch_jobs", lambda: None)
    monkeypatch.setattr(running, "call_command", lambda name, **options: ran.append(name))
    due = timezone.now() - dt.timedelta(minutes=5)
    settings.CRON_TIME_ZONE = "UTC"
    settings.CRONJOBS = [
        (f"{due:%M %H} * * *", "backoffice.jobs.run_job", [name]) for name in (NAME, "fold_views")
    ]
    return ran


@pytest.fixture
def elsewhere():
    """A connection of another machine that holds the job's lock."""
    other = connections.create_connection(DEFAULT_DB_ALIAS)
    other.set_autocommit(False)
    with other.cursor() as cursor:
        for name in (NAME, "fold_views"):
            key = zlib.crc32(f"job {name}".encode())
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
    yield other
    other.close()


def test_job_that_another_machine_runs_is_left_out_until_it_ends(elsewhere, ran):
    assert jobs.run_job(NAME) is None
    assert not JobRun.objects.exists()
    call_command("run_job", NAME)
    assert ran == []
    elsewhere.rollback()  # as the server does when that machine dies
    assert jobs.run_job(NAME).status == JobRun.Status.SUCCEEDED
    assert ran == [NAME]


def test_lock_is_free_again_after_the_job(ran):
    jobs.run_job(NAME)
    jobs.run_job(NAME)  # somebody runs it again here, by hand
    assert ran == [NAME, NAME]


def test_job_about_files_of_its_machine_runs_on_each(elsewhere, ran):
    JobRun.objects.create(
        name="fold_views", status="succeeded", started_at=timezone.now(), host="another"
    )
    jobs.run_job("fold_views")
    assert ran == ["fold_views"]


@pytest.mark.parametrize(
    ("status", "host", "minutes", "runs"),
    [
        ("succeeded", "another", 5, False),
        ("succeeded", "another", 6, False),  # its clock goes before ours
        ("succeeded", "another", 60, True),  # the day before's
        ("failed", "another", 5, True),
        ("running", "another", 5, True),  # without the lock it does not run: that machine died
        ("succeeded", records.HOST, 5, True),
        ("succeeded", "", 5, True),
    ],
)
def test_job_that_another_machine_has_done_is_left_out(ran, status, host, minutes, runs):
    started_at = timezone.now().replace(second=1) - dt.timedelta(minutes=minutes)
    JobRun.objects.create(name=NAME, status=status, host=host, started_at=started_at)
    run = jobs.run_job(NAME)
    assert (run is not None) is runs
    assert ran == [NAME] * runs


def test_database_that_refuses_the_lock_spares_nobody_the_job(ran, monkeypatch):
    class Refusing:
        def rollback(self):
            raise OperationalError("never opened")

        def set_autocommit(self, autocommit):
            raise OperationalError("too many connections")

        def close(self):
            raise OperationalError("never opened")

    monkeypatch.setattr(machines.connections, "create_connection", lambda alias: Refusing())
    jobs.run_job(NAME)
    assert ran == [NAME]
