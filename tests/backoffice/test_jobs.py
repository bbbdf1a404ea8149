import datetime as dt

import pytest
from django.core import mail
from django.core.management import CommandError
from django.db import transaction
from django.utils import timezone

from backoffice import jobs
from backoffice.models import JobRun
from tests.factories import make_category
from weblog.models import Category

pytestmark = pytest.mark.django_db


@pytest.fixture
def command(monkeypatch):
    """Return a function that makes call_command do what it is given."""

    def use(function):
        monkeypatch.setattr(jobs, "call_command", lambda name, **options: function(**options))

    return use


def test_success_is_recorded_with_its_output(command):
    command(lambda stdout, stderr: stdout.write("3 views folded.\n"))
    run = jobs.run_job("fold_views")
    run.refresh_from_db()
    assert (run.name, run.status, run.output) == ("fold_views", "succeeded", "3 views folded.")
    assert run.started_at <= run.finished_at
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CommandError("Sports has no price."), "CommandError: Sports has no price."),
        (SystemExit(1), "SystemExit: 1"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), "KeyboardInterrupt:"),
    ],
)
def test_failure_is_recorded_logged_mailed_and_told(command, settings, caplog, error, words):
    settings.ADMINS = ["ines@example.org"]

    def fail(stdout, stderr):
        stdout.write("Half of it.")
        raise error

    command(fail)
    with pytest.raises(SystemExit) as raised:
        jobs.run_job("build_payout_batch")
    assert raised.value.code == 1
    run = JobRun.objects.get()
    assert run.status == "failed"
    assert run.finished_at
    assert run.output.strip() == f"Half of it.\n{words}"
    assert "The job build_payout_batch failed." in caplog.text
    assert "build_payout_batch failed" in mail.outbox[0].subject


def test_real_command_is_called():
    with pytest.raises(SystemExit):
        jobs.run_job("no_such_command")
    assert "Unknown command" in JobRun.objects.get().output


@pytest.mark.django_db(transaction=True)
def test_record_stays_when_the_job_is_rolled_back(command):
    @transaction.atomic
    def fail(stdout, stderr):
        make_category("Tech")
        raise CommandError("No.")

    command(fail)
    with pytest.raises(SystemExit):
        jobs.run_job("build_payout_batch")
    assert JobRun.objects.get().status == "failed"
    assert not Category.objects.exists()


def test_output_keeps_its_last_lines(command):
    command(lambda stdout, stderr: stdout.write("\n".join(f"line {n}" for n in range(100))))
    output = jobs.run_job("fold_views").output
    assert output.startswith("line 80\n")
    assert output.endswith("line 99")
    command(lambda stdout, stderr: stdout.write("x" * 10_000))
    assert len(jobs.run_job("fold_views").output) == 4_000


def test_run_that_was_killed_is_closed_by_the_next(command):
    command(lambda stdout, stderr: None)
    now = timezone.now()
    old, recent, other = (
        JobRun.objects.create(name=name, started_at=now - dt.timedelta(hours=hours))
        for name, hours in [("fold_views", 7), ("fold_views", 1), ("build_payout_batch", 7)]
    )
    jobs.run_job("fold_views")
    for run in (old, recent, other):
        run.refresh_from_db()
    assert (old.status, old.finished_at) == ("failed", None)
    assert "did not finish" in old.output
    assert [recent.status, other.status] == ["running", "running"]
