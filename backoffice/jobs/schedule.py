"""The list of jobs, and when each was last due."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cronsim import CronSim
from django.conf import settings


@dataclass(frozen=True)
class Job:
    """A command that cron or systemd starts, on a schedule in the machine's time zone."""

    name: str
    schedule: str

    def last_due(self, at: dt.datetime) -> dt.datetime:
        """Return the latest time at or before `at` at which the job should start."""
        # cronsim 2.8 follows Debian's cron when clocks change.
        local = at.astimezone(ZoneInfo(settings.CRON_TIME_ZONE))
        return next(CronSim(self.schedule, local + dt.timedelta(seconds=1), reverse=True))

    def next_due(self, at: dt.datetime) -> dt.datetime:
        """Return the first time after `at` at which the job should start."""
        return next(CronSim(self.schedule, at.astimezone(ZoneInfo(settings.CRON_TIME_ZONE))))


def list_jobs() -> list[Job]:
    """Return the jobs of settings.CRONJOBS."""
    return [
        Job(name=job[2][0], schedule=job[0])
        for job in settings.CRONJOBS
        if job[1] == "backoffice.jobs.run_job"
    ]
