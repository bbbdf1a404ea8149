"""A clock that runs far ahead of the last job is not believed until a person confirms it."""

import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from backoffice import clocks
from backoffice.backups.errors import BackupError
from backoffice.clocks import ClockImplausible, find_last_mark, read_clock
from backoffice.jobs import run_job
from backoffice.management.commands import backup
from backoffice.models import AccountSession, JobRun, Mail
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
Status = JobRun.Status


def make_run(finished_at=NOON, status=Status.SUCCEEDED, **values):
    values = {"name": "fold_views", "started_at": finished_at} | values
    return JobRun.objects.create(finished_at=finished_at, status=status, **values)


def travel(**difference):
    return time_machine.travel(NOON + dt.timedelta(**difference), tick=False)


def read_at(**difference):
    with travel(**difference):
        return read_clock()


@pytest.mark.parametrize(
    "difference", [{"minutes": -10}, {}, {"minutes": 5}, {"days": 2, "hours": 23}, {"days": 3}]
)
def test_clock_near_the_last_job_is_believed(difference):
    make_run()
    assert read_at(**difference) == NOON + dt.timedelta(**difference)


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ({"days": 3, "seconds": 1}, "more than 3 days before"),
        ({"days": 365 * 5}, "21 Nov 2031"),
        ({"minutes": -11}, "a job ended at 22 Nov 2026, 13:00 already"),
        ({"days": -365 * 56}, "a job ended at 22 Nov 2026, 13:00 already"),
    ],
)
def test_clock_that_jumped_is_refused_with_what_contradicts_it(difference, words):
    make_run()
    with pytest.raises(ClockImplausible, match=words) as refusal:
        read_at(**difference)
    assert "manage.py confirm_clock" in str(refusal.value)


@pytest.mark.any_database
def test_bound_is_a_setting(settings):
    settings.CLOCK_JUMP_DAYS = 10
    make_run()
    assert read_at(days=10)


@pytest.mark.any_database
def test_fresh_installation_believes_its_clock():
    assert read_at(days=365 * 5)


@pytest.mark.any_database
@pytest.mark.parametrize("status", [Status.FAILED, Status.RUNNING])
def test_run_that_did_not_succeed_is_no_mark(status):
    make_run()
    make_run(NOON + dt.timedelta(days=365), status)
    with pytest.raises(ClockImplausible):
        read_at(days=365)
    assert read_at(hours=1)


def test_clock_of_the_database_server_is_asked(monkeypatch):
    monkeypatch.setattr(clocks, "_ask_server", lambda: NOON)
    assert read_at(minutes=10)
    for difference in ({"minutes": 11}, {"minutes": -11}, {"days": 300}):
        with pytest.raises(ClockImplausible, match="that of the database server 22 Nov 2026"):
            read_at(**difference)


def test_job_with_a_clock_that_jumped_does_nothing_and_fails(caplog):
    make_run()
    for _ in range(2):  # its own failure makes no time believed
        with travel(days=900), pytest.raises(SystemExit):
            run_job("publish_new_texts")
    run = JobRun.objects.latest("pk")
    assert run.status == Status.FAILED
    assert "the last job that succeeded ended at 22 Nov 2026, 13:00" in run.output
    assert "The job publish_new_texts failed" in caplog.text


@pytest.mark.any_database
def test_command_by_hand_is_refused_as_well():
    make_run()
    with travel(days=900), pytest.raises(CommandError, match="Nothing was done"):
        call_command("publish_new_texts")


# What may run by hand although the clock jumped.
HARMLESS = {
    "verify_payouts": "It changes nothing, and whoever reads a restored backup has a later clock."
}
JOBS = sorted({name for _, _, (name,) in settings.CRONJOBS})


@pytest.mark.any_database
@pytest.mark.parametrize("name", [name for name in JOBS if name not in HARMLESS])
def test_each_job_started_by_hand_is_refused_as_well(name):
    make_run()
    for days in (3650, -3650):
        with travel(days=days), pytest.raises(CommandError, match="Nothing was done"):
            call_command(name, stdout=StringIO())


@pytest.mark.any_database
@pytest.mark.skipif("verify_payouts" not in JOBS, reason="Billing is not there.")
def test_job_that_is_not_refused_is_one_and_works():
    assert HARMLESS.keys() <= set(JOBS)
    make_run()
    with travel(days=3650):
        for name in HARMLESS:
            call_command(name, stdout=StringIO())


@pytest.mark.any_database
def test_mail_stays_in_the_record_and_sign_ins_stay_as_long_as_the_clock_is_doubted(client):
    make_run()
    with travel():
        client.force_login(make_user(username="edith"))
        mail = Mail.objects.create(kind="other", state=Mail.State.SENT, made_at=NOON, sent_at=NOON)
    with travel(days=3650):
        for name in ("forget_addresses", "clearsessions"):
            with pytest.raises(CommandError, match="more than 3 days before"):
                call_command(name)
    assert Mail.objects.get() == mail
    assert AccountSession.objects.exists()


@pytest.mark.any_database
def test_backup_needs_no_clock_if_it_deletes_none(tmp_path, monkeypatch):
    def make_backup(*, keep, **values):
        raise BackupError(f"It keeps {keep}.")

    monkeypatch.setattr(backup, "make_backup", make_backup)
    make_run()
    with travel(days=3650):
        with pytest.raises(CommandError, match="--keep 0"):
            call_command("backup", to=tmp_path, keep=3)
        with pytest.raises(CommandError, match="It keeps 0"):
            call_command("backup", to=tmp_path, keep=0)


def test_person_confirms_the_clock_and_that_is_kept_among_the_runs():
    make_run()
    make_user(username="edith", first_name="Edith", last_name="Example")
    output = StringIO()
    with travel(days=30):
        call_command("confirm_clock", by="edith", reason="Off for a month.", stdout=output)
        assert read_clock()
    run = JobRun.objects.get(name="confirm_clock")
    assert "Edith Example says that it is 22 Dec 2026, 13:00: Off for a month." in run.output
    assert "more than 3 days before" in run.output
    assert output.getvalue().strip() == run.output


def test_right_clock_can_be_confirmed_after_jobs_ran_with_a_wrong_one():
    make_run(NOON + dt.timedelta(days=365 * 5))
    make_user(username="edith")
    with travel():
        with pytest.raises(ClockImplausible):
            read_clock()
        call_command("confirm_clock", by="edith", reason="Clock set right.", stdout=StringIO())
        assert read_clock() == find_last_mark() == timezone.now()


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("by", "reason", "words"),
    [("nobody", "Off for a month.", "Nobody here"), ("edith", " . ", "few words")],
)
def test_confirmation_needs_a_person_and_a_reason(by, reason, words):
    make_user(username="edith")
    with pytest.raises(CommandError, match=words):
        call_command("confirm_clock", by=by, reason=reason)
    assert not JobRun.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no clock of its own.")
def test_server_of_postgresql_tells_its_time(settings):
    settings.ASK_SERVER_CLOCK = True
    assert abs(clocks._ask_server() - timezone.now()) < clocks.TOLERANCE
    assert read_clock()
    with travel(days=365 * 2), pytest.raises(ClockImplausible, match="of the database server"):
        read_clock()
