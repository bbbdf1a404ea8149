import contextlib
import datetime as dt
import logging
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from backoffice import jobs
from backoffice.jobs import limits, records, running, watching
from backoffice.models import JobRun
from tests.factories import make_category
from weblog.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def new_installation(monkeypatch):
    """The database of a long run of tests is so old that jobs would be late."""
    monkeypatch.setattr(watching, "_installed_at", timezone.now)


@pytest.fixture
def command(monkeypatch):
    """Return a function that replaces the body of call_command."""

    def use(function):
        monkeypatch.setattr(running, "call_command", lambda name, **options: function(**options))

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


def test_what_a_job_logs_names_it(command, settings):
    settings.ADMINS = ["ines@example.org"]
    log = logging.getLogger("weblog.publishing.schedule")
    command(lambda stdout, stderr: log.error("One failed."))
    jobs.run_job("publish_new_texts")
    log.error("Another failed, later.")
    assert ["Job: publish_new_texts" in message.body for message in mail.outbox] == [True, False]


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


def test_run_that_was_killed_is_closed_and_told_by_the_next(command, settings):
    settings.ADMINS = ["ines@example.org"]
    command(lambda stdout, stderr: None)
    now = timezone.now()
    old, before_there_were_hosts, elsewhere, other = (
        JobRun.objects.create(name=name, started_at=now - dt.timedelta(minutes=6), host=host)
        for name, host in [
            ("fold_views", records.HOST),
            ("fold_views", ""),
            ("fold_views", "another"),
            ("build_payout_batch", "another"),
        ]
    )
    jobs.run_job("fold_views")
    for run in (old, before_there_were_hosts, elsewhere, other):
        run.refresh_from_db()
    assert (old.status, old.finished_at) == ("failed", None)
    assert "did not finish" in old.output
    assert before_there_were_hosts.status == "failed"
    assert [elsewhere.status, other.status] == ["running", "running"]
    assert "did not finish: it was killed" in mail.outbox[0].subject


# The database refuses


@pytest.fixture
def refusing(monkeypatch, settings):
    """Let the database refuse writes of runs within the block."""
    settings.ADMINS = ["ines@example.org"]

    @contextlib.contextmanager
    def refuse():
        def save(run, **options):
            raise OperationalError("connection refused")

        with monkeypatch.context() as patch:
            patch.setattr(JobRun, "save", save)
            yield

    return refuse


def test_run_whose_record_is_refused_is_told_and_recorded_by_the_next(command, refusing):
    ran = []
    command(lambda stdout, stderr: ran.append(True))
    with refusing(), pytest.raises(SystemExit) as raised:
        jobs.run_job("fold_views")
    assert raised.value.code == 1
    assert ran == []
    assert not JobRun.objects.exists()
    assert records.count_left_over() == 1
    (message,) = mail.outbox
    assert "The job fold_views failed." in message.subject
    jobs.run_job("publish_new_texts")
    run = JobRun.objects.get(name="fold_views")
    assert (run.status, run.output) == ("failed", "OperationalError: connection refused")
    assert run.started_at <= run.finished_at
    assert records.count_left_over() == 0


@pytest.mark.thorough
def test_runs_in_a_row_without_a_database_send_one_mail_and_none_is_lost(command, refusing):
    command(lambda stdout, stderr: None)
    names = ["fold_views", "fold_views", "publish_new_texts"]
    with refusing():
        for name in names:
            with pytest.raises(SystemExit):
                jobs.run_job(name)
    (message,) = mail.outbox
    assert "The job fold_views failed." in message.subject
    assert "OperationalError: connection refused" in message.body
    assert "stand under Job runs once it is back" in message.body
    assert records.count_left_over() == 3
    jobs.run_job("find_findings")
    failed = JobRun.objects.filter(status="failed", output__contains="connection refused")
    assert sorted(failed.values_list("name", flat=True)) == names
    assert len(mail.outbox) == 1


def test_job_that_fails_by_itself_is_mailed_though_the_database_was_away(command, refusing):
    command(lambda stdout, stderr: None)
    with refusing(), pytest.raises(SystemExit):
        jobs.run_job("fold_views")

    def fail(stdout, stderr):
        raise CommandError("No price for Tech")

    command(fail)
    with pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    assert ["No price for Tech" in message.body for message in mail.outbox] == [False, True]


@pytest.mark.parametrize("fails", [True, False])
def test_run_that_loses_the_database_on_its_way_is_recorded_by_the_next(command, refusing, fails):
    blocks = contextlib.ExitStack()

    def lose(stdout, stderr):
        blocks.enter_context(refusing())
        stdout.write("Half of it.")
        if fails:
            raise OperationalError("connection lost")

    command(lose)
    with contextlib.suppress(SystemExit):
        jobs.run_job("fold_views")
    blocks.close()
    assert JobRun.objects.get().status == "running"
    command(lambda stdout, stderr: None)
    jobs.run_job("fold_views")
    latest, run = JobRun.objects.all()
    assert run.status == ("failed" if fails else "succeeded")
    assert "Half of it." in run.output
    assert latest.status == "succeeded"
    what = "The job fold_views failed." if fails else "could not be recorded"
    assert any(what in message.subject for message in mail.outbox)


def test_record_that_was_taken_in_twice_is_one(command, refusing, settings):
    command(lambda stdout, stderr: None)
    with refusing(), pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    (path,) = Path(settings.JOBS_DIR, "unrecorded").iterdir()
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    records.take_in()
    path.write_text(text)  # killed before it was removed
    records.take_in()
    assert JobRun.objects.count() == 1


def test_file_that_was_cut_off_stops_no_job(command, settings, caplog):
    folder = Path(settings.JOBS_DIR, "unrecorded")
    folder.mkdir(parents=True)
    for name, text in [("a", '{"name": "fold'), ("b", "[]"), ("c", "{}")]:
        (folder / f"{name}.json").write_text(text)
    command(lambda stdout, stderr: None)
    assert jobs.run_job("fold_views").status == "succeeded"
    assert len(list(folder.glob("*.broken"))) == 3
    assert "can't be read" in caplog.text


def test_full_disk_and_no_database_still_mail(command, refusing, monkeypatch):
    command(lambda stdout, stderr: None)
    monkeypatch.setattr(records.os, "open", raise_no_space)
    with refusing(), pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    assert any("The job fold_views failed." in message.subject for message in mail.outbox)


def raise_no_space(*arguments):
    raise OSError(28, "No space left on device")


def begin_and_die(name, folder):
    """Begin a run as a process does that is killed while the database is away."""
    from django.conf import settings

    settings.JOBS_DIR = folder

    def be_killed():
        os.kill(os.getpid(), signal.SIGKILL)

    running.records.take_in = be_killed
    jobs.run_job(name)


@pytest.mark.parametrize("next_job", ["fold_views", "publish_new_texts"])
def test_run_killed_before_its_record_is_told_by_the_next_of_any_kind(command, settings, next_job):
    settings.ADMINS = ["ines@example.org"]
    context = multiprocessing.get_context("fork")
    process = context.Process(target=begin_and_die, args=("fold_views", settings.JOBS_DIR))
    process.start()
    process.join(60)
    (path,) = Path(settings.JOBS_DIR).glob("*.begun")
    assert path.stat().st_mode & 0o777 == 0o600
    command(lambda stdout, stderr: None)
    jobs.run_job(next_job)
    killed = JobRun.objects.filter(name="fold_views").last()
    assert (killed.status, killed.finished_at) == ("failed", None)
    assert "did not finish" in killed.output
    (message,) = mail.outbox
    assert "did not finish: it was killed" in message.subject
    assert not list(Path(settings.JOBS_DIR).glob("*.begun"))
    jobs.run_job(next_job)
    assert len(mail.outbox) == 1


def test_run_that_was_recorded_and_killed_then_keeps_its_end(command, settings):
    settings.ADMINS = ["ines@example.org"]
    command(lambda stdout, stderr: None)
    run = jobs.run_job("fold_views")
    run.finished_at = None
    records.mark_start(run)
    jobs.run_job("publish_new_texts")
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert mail.outbox == []


def test_database_that_never_answers_holds_no_record_back(command, settings, monkeypatch):
    settings.ADMINS = ["ines@example.org"]
    command(lambda stdout, stderr: None)
    with monkeypatch.context() as patch:  # the limit's own signal, at once
        patch.setattr(JobRun, "save", lambda run, **options: signal.raise_signal(signal.SIGALRM))
        with pytest.raises(SystemExit):
            jobs.run_job("fold_views")
    assert records.count_left_over() == 1
    assert "The job fold_views failed." in mail.outbox[0].subject
    jobs.run_job("publish_new_texts")
    assert "ran past its limit" in JobRun.objects.get(name="fold_views").output


# One at a time


def test_job_that_still_runs_is_not_doubled(command, monkeypatch, caplog):
    monkeypatch.setattr(running, "PATIENCE", 0)
    command(lambda stdout, stderr: jobs.run_job("fold_views"))
    jobs.run_job("fold_views")
    assert JobRun.objects.count() == 1
    assert "fold_views still runs" in caplog.text


def test_lock_follows_no_link(command, settings, tmp_path, caplog):
    precious = tmp_path / "precious"
    precious.write_text("x")
    Path(settings.JOBS_DIR).mkdir()
    running.lock_path("fold_views").symlink_to(precious)
    command(lambda stdout, stderr: None)
    assert jobs.run_job("fold_views").status == "succeeded"
    assert precious.read_text() == "x"
    assert "lock of the job fold_views could not be opened" in caplog.text


# For a limited time


def test_job_past_its_limit_fails(command, settings):
    settings.JOB_MINUTES_OF = {"fold_views": 1 / 60}

    def hang(stdout, stderr):
        with contextlib.suppress(Exception):
            time.sleep(60)

    command(hang)
    with pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    assert "it ran past its limit" in JobRun.objects.get().output
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_statement_of_a_stopped_job_ends_in_the_database(command, settings):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite runs its statements in the job's own process.")
    settings.JOB_MINUTES_OF = {"fold_views": 1 / 60}

    def wait(stdout, stderr):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")

    command(wait)
    with pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    assert "it ran past its limit" in JobRun.objects.get().output
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE state = 'active' AND query = 'SELECT pg_sleep(20)'"
        )
        assert cursor.fetchone() == (0,)


def test_job_that_is_told_to_end_says_so(command):
    command(lambda stdout, stderr: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    assert "it was told to end" in JobRun.objects.get().output
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def hang_in_a_library():
    limits.LAST_WORDS = 0.1
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # Python hears nothing
    with limits.time_limit(limits.limit_of("fold_views")):
        time.sleep(60)


def test_process_that_hears_no_signal_is_ended(settings):
    settings.JOB_MINUTES = 0.1 / 60
    process = multiprocessing.get_context("fork").Process(target=hang_in_a_library)
    process.start()
    process.join(30)
    assert process.exitcode == 1


# Old runs


def test_old_runs_are_dropped_failures_later_and_the_last_success_never(command):
    now = timezone.now()

    def make(days, status, name="fold_views"):
        return JobRun.objects.create(
            name=name, status=status, started_at=now - dt.timedelta(days=days)
        )

    kept = [
        make(29, "succeeded"),
        make(399, "failed"),
        make(999, "succeeded", "build_payout_batch"),
        make(999, "running", "build_payout_batch"),
    ]
    make(31, "succeeded")
    make(401, "failed")
    command(lambda stdout, stderr: None)
    new = jobs.run_job("fold_views")
    assert {*JobRun.objects.all()} == {new, *kept}


def test_last_success_is_kept_while_the_job_fails(command):
    old = JobRun.objects.create(
        name="fold_views", status="succeeded", started_at=timezone.now() - dt.timedelta(days=99)
    )
    command(raise_no_space_in_command)
    with pytest.raises(SystemExit):
        jobs.run_job("fold_views")
    assert JobRun.objects.filter(pk=old.pk).exists()


def raise_no_space_in_command(stdout, stderr):
    raise_no_space()
