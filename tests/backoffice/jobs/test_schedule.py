import datetime as dt

import pytest

from backoffice.jobs.schedule import Job, list_jobs

pytestmark = pytest.mark.any_database


def last_due(schedule, at):
    due = Job("fold_views", schedule).last_due(dt.datetime.fromisoformat(at))
    return due.astimezone(dt.UTC).strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("schedule", "at", "due"),
    [
        ("*/5 * * * *", "2026-11-22T12:07:30Z", "22 12:05"),
        ("*/5 * * * *", "2026-11-22T12:05:00Z", "22 12:05"),
        ("*/5 * * * *", "2026-11-22T12:05:00.7Z", "22 12:05"),
        ("*/5 * * * *", "2026-11-22T12:04:59Z", "22 12:00"),
        ("40 * * * *", "2026-11-22T12:39:59Z", "22 11:40"),
        ("50 2 * * *", "2026-11-22T02:49:00Z", "21 02:50"),
        ("50 2 * * *", "2026-11-22T23:00:00Z", "22 02:50"),
    ],
)
def test_job_was_due_last(settings, schedule, at, due):
    settings.CRON_TIME_ZONE = "UTC"
    assert last_due(schedule, at) == due


@pytest.mark.parametrize(
    ("schedule", "at", "due"),
    [
        ("50 3 * * *", "2026-11-22T03:00:00Z", "22 02:50"),
        ("50 3 * * *", "2026-07-22T03:00:00Z", "22 01:50"),
        ("50 2 * * *", "2026-03-29T00:45:00Z", "28 01:50"),  # 02:50 is left out this night,
        ("50 2 * * *", "2026-03-29T01:00:00Z", "29 01:00"),  # and cron starts the job at 03:00
        ("50 2 * * *", "2026-10-25T03:00:00Z", "25 00:50"),  # the first of two
    ],
)
def test_job_is_due_by_the_clock_on_the_machines_wall(settings, schedule, at, due):
    settings.CRON_TIME_ZONE = "Europe/Berlin"
    assert last_due(schedule, at) == due


def test_jobs_are_those_of_the_settings(settings):
    settings.CRONJOBS = [
        ("*/5 * * * *", "backoffice.jobs.run_job", ["fold_views"]),
        ("0 0 * * *", "somebody.elses.job", ["x"]),
    ]
    assert list_jobs() == [Job("fold_views", "*/5 * * * *")]
