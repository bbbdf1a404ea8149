import datetime as dt
import multiprocessing

import pytest
import time_machine
from django.core import mail
from django.core.signals import request_finished
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse
from django.utils import timezone

from backoffice.health.checks import check_jobs
from backoffice.jobs import records, run_job, running, watching
from backoffice.models import JobRun

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NAMES = ("fold_views", "verify_payouts")


@pytest.fixture(autouse=True)
def house(settings):
    """A year-old installation with one job every five minutes and one a night."""
    settings.CRON_TIME_ZONE = "UTC"
    settings.ADMINS = ["ines@example.org"]
    settings.CRONJOBS = [
        ("*/5 * * * *", "backoffice.jobs.run_job", ["fold_views"]),
        ("50 2 * * *", "backoffice.jobs.run_job", ["verify_payouts"]),
    ]
    MigrationRecorder.Migration.objects.update(applied=NOON - dt.timedelta(days=365))


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def make_run(name="fold_views", minutes=1, status="succeeded", **values):
    started_at = NOON - dt.timedelta(minutes=minutes)
    return JobRun.objects.create(name=name, started_at=started_at, status=status, **values)


def make_good_runs():
    make_run("fold_views")
    make_run("verify_payouts", minutes=9 * 60 + 10)


def list_problems(at=NOON):
    return [(problem.job, problem.kind) for problem in watching.find_problems(at=at)]


def test_jobs_that_run_are_no_problem():
    make_good_runs()
    assert list_problems() == []


@pytest.mark.any_database
def test_job_that_fails_is_not_late():
    make_run("fold_views", status="failed")
    make_run("verify_payouts", minutes=9 * 60 + 10, status="failed")
    assert list_problems() == []


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("hour", "problems"),
    [
        ("03:09", []),
        ("03:11", [("verify_payouts", "late")]),
        ("03:50", [("verify_payouts", "late")]),
    ],
)
def test_nightly_job_that_did_not_run_is_late_within_the_hour(hour, problems):
    at = dt.datetime.fromisoformat(f"2026-11-23T{hour}Z")
    make_run("verify_payouts", minutes=2 * 60)  # by hand, at ten
    JobRun.objects.create(name="fold_views", started_at=at)
    assert list_problems(at) == problems


@pytest.mark.any_database
@pytest.mark.parametrize(("minutes", "is_late"), [(19, False), (27, True), (600, True)])
def test_job_of_every_five_minutes_is_late_soon(minutes, is_late):
    make_good_runs()
    JobRun.objects.filter(name="fold_views").update(started_at=NOON - dt.timedelta(minutes=minutes))
    assert list_problems() == [("fold_views", "late")] * is_late


@pytest.mark.any_database
@pytest.mark.parametrize(("minutes", "problems"), [(50, []), (53, [("fold_views", "hanging")])])
def test_job_that_runs_past_its_limit_hangs_and_is_not_late(minutes, problems):
    make_run("verify_payouts", minutes=9 * 60)
    make_run("fold_views", minutes=minutes, status="running")
    assert list_problems() == problems


@pytest.mark.any_database
def test_limit_of_one_job_can_be_longer(settings):
    settings.JOB_MINUTES_OF = {"fold_views": 240.0}
    make_run("verify_payouts", minutes=9 * 60)
    make_run("fold_views", minutes=200, status="running")
    assert list_problems() == []


def test_job_that_never_ran_is_a_problem_once_its_hour_is_over():
    assert list_problems() == [(name, "never ran") for name in NAMES]
    MigrationRecorder.Migration.objects.update(applied=NOON - dt.timedelta(minutes=5))
    assert list_problems() == []
    assert list_problems(NOON + dt.timedelta(minutes=30)) == [("fold_views", "never ran")]


def sum_up(at=NOON):
    watched = watching.watch_list()
    problems = watching.find_problems(at=at, watched=watched)
    return [problem.text for problem in watching.sum_up(problems, watched, at=at)]


@pytest.mark.any_database
def test_where_nothing_starts_the_jobs_that_is_one_problem():
    assert sum_up() == ["No job has run since the installation: nothing starts them."]
    make_run("fold_views", minutes=60)
    assert sum_up() == ["No job has run for 1\xa0hour: nothing starts them."]


@pytest.mark.any_database
def test_where_one_job_starts_the_others_are_named():
    make_run("verify_payouts", minutes=34 * 60)
    make_run("fold_views", minutes=2)
    (text,) = sum_up()
    assert text.startswith("verify_payouts last ran")


def test_number_of_queries_is_small(django_assert_max_num_queries):
    make_good_runs()
    for minutes in range(20):
        make_run("fold_views", minutes=minutes)
    with django_assert_max_num_queries(2):
        list_problems()


def test_each_time_is_mailed_once(noon):
    make_run("verify_payouts", minutes=9 * 60)
    late = make_run("fold_views", minutes=60)
    for _ in range(3):
        watching.tell_problems()
        noon.shift(300)
    (message,) = mail.outbox
    assert (
        message.subject
        == "[Imprint] Error: fold_views last ran 1\xa0hour ago, and was to run since."
    )
    late.started_at = timezone.now()
    late.save()
    noon.shift(30 * 60)
    watching.tell_problems()
    assert len(mail.outbox) == 2


@pytest.mark.any_database
def test_job_tells_of_another_that_is_late(monkeypatch):
    monkeypatch.setattr(running, "call_command", lambda name, **options: None)
    make_run("verify_payouts", minutes=34 * 60)
    run_job("fold_views")
    assert [message.subject for message in mail.outbox] == [
        "[Imprint] Error: verify_payouts last ran 1\xa0day, 10\xa0hours ago, and was to run since."
    ]


def hold(name, folder, is_held, may_end):
    from django.conf import settings

    settings.JOBS_DIR = folder
    with running.claim(name):
        is_held.set()
        may_end.wait(60)


def test_job_that_was_killed_is_found_by_the_next_of_any_kind(monkeypatch, settings):
    monkeypatch.setattr(running, "call_command", lambda name, **options: None)
    killed = make_run("verify_payouts", minutes=5, status="running", host=records.HOST)
    elsewhere = make_run("verify_payouts", minutes=4, status="running", host="another")
    context = multiprocessing.get_context("fork")
    is_held, may_end = context.Event(), context.Event()
    process = context.Process(
        target=hold, args=("verify_payouts", settings.JOBS_DIR, is_held, may_end)
    )
    process.start()
    is_held.wait(60)
    run_job("fold_views")
    killed.refresh_from_db()
    assert killed.status == "running"  # somebody holds its lock
    process.kill()
    process.join()
    run_job("fold_views")
    killed.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (killed.status, elsewhere.status) == ("failed", "running")
    assert "verify_payouts of 2026-11-22 12:55 did not finish" in mail.outbox[0].subject


# From the web, where no job runs at all


@pytest.fixture
def visit(client, settings, monkeypatch):
    """Return a function that asks for a page as a reader does."""
    settings.WATCH_JOBS_FROM_WEB = True
    monkeypatch.setattr(watching, "_next_look", 0)
    monkeypatch.setattr(watching, "close_old_connections", lambda: None)
    return lambda: client.get("/robots.txt")


@pytest.mark.any_database
def test_reader_s_visit_tells_of_jobs_that_do_not_run(visit):
    assert visit().status_code == 200
    (message,) = mail.outbox
    assert "No job has run since the installation" in message.subject


def test_visits_after_it_ask_nothing(visit, django_assert_num_queries):
    visit()
    with django_assert_num_queries(0):
        for _ in range(10):
            visit()
    assert len(mail.outbox) == 1


def test_database_that_fails_harms_no_visit(visit, monkeypatch):
    def refuse(**arguments):
        raise OperationalError("away")

    monkeypatch.setattr(watching, "find_problems", refuse)
    assert visit().status_code == 200
    assert "could not be watched" in mail.outbox[0].subject


@pytest.mark.any_database
def test_signal_has_its_receiver():
    assert watching.receive_request_finished in [
        reference() for _, reference, *_ in request_finished.receivers
    ]


# On the home page


@pytest.mark.any_database
def test_home_page_names_the_problems_to_who_may_see_runs(client, make_clerk):
    client.force_login(make_clerk("backoffice.view_jobrun"))
    page = client.get(reverse("admin:index"))
    assert "No job has run since the installation" in page.content.decode()
    make_run("fold_views")
    page = client.get(reverse("admin:index"))
    assert "verify_payouts has never run since the installation." in page.content.decode()
    link = page.context["warnings"][0].content[0]["link"]
    assert client.get(link).status_code == 200
    client.force_login(make_clerk())
    assert "since the installation" not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.any_database
def test_home_page_is_quiet_while_all_is_well(client, make_clerk):
    make_good_runs()
    client.force_login(make_clerk("backoffice.view_jobrun"))
    assert "as they should" not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.any_database
def test_every_job_of_the_project_has_a_command():
    from django.core.management import get_commands

    from backoffice import settings as project
    from backoffice.jobs.schedule import list_jobs

    assert {job.name for job in list_jobs()} <= get_commands().keys()
    assert {job[2][0] for job in project.CRONJOBS} <= get_commands().keys()


# For /readyz and /metrics


@pytest.mark.parametrize(
    ("minutes", "latest", "is_ok"),
    [
        (1, None, True),
        (24, 1, True),  # one that failed is made good by the next
        (60, 1, False),
        (None, 1, True),  # the first
        (None, 40, False),
    ],
)
def test_job_is_ready_by_the_age_of_its_last_success(settings, minutes, latest, is_ok):
    settings.CRONJOBS = settings.CRONJOBS[:1]
    if minutes:
        make_run(minutes=minutes)
    if latest:
        make_run(minutes=latest, status="failed")
    result = check_jobs()["job fold_views"]
    assert result.ok is is_ok
    assert result.numbers["seconds_since_success"] == (minutes * 60 if minutes else None)


def test_nightly_job_that_fails_is_not_ready_after_the_second_night():
    make_run("fold_views")
    make_run("verify_payouts", minutes=33 * 60 + 10)
    make_run("verify_payouts", minutes=9 * 60 + 10, status="failed")
    assert check_jobs()["job verify_payouts"].ok
    with time_machine.travel(NOON + dt.timedelta(days=1), tick=False):
        at = NOON + dt.timedelta(days=1, hours=-9, minutes=-10)
        JobRun.objects.create(name="verify_payouts", started_at=at, status="failed")
        JobRun.objects.create(name="fold_views", started_at=at, status="running")
        result = check_jobs()["job verify_payouts"]
    assert (result.ok, "failed since" in result.detail) == (False, True)


@pytest.mark.any_database
def test_job_that_is_late_is_not_ready():
    make_run("fold_views", minutes=60)
    assert "was to run since" in check_jobs()["job fold_views"].detail


def test_jobs_in_numbers(client, settings):
    settings.METRICS = True
    make_run("fold_views", minutes=2, finished_at=NOON - dt.timedelta(seconds=90))
    make_run("verify_payouts", minutes=9 * 60, status="failed")
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'imprint_job_success_age_seconds{job="fold_views"} 120.0' in lines
    assert 'imprint_job_duration_seconds{job="fold_views"} 30.0' in lines
    assert 'imprint_job_failed{job="fold_views"} 0.0' in lines
    assert 'imprint_job_failed{job="verify_payouts"} 1.0' in lines
    assert 'imprint_job_problem{job="verify_payouts"} 0.0' in lines
    assert 'imprint_ready{check="job fold_views"} 1.0' in lines
