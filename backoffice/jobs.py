"""What cron starts: a management command, and a record of what became of it.

django-crontab (0.7.1) loses a failure: the exit code stays 0 and the log goes nowhere.
"""

import datetime as dt
import io
import logging

from django.core.mail import mail_admins
from django.core.management import call_command
from django.utils import timezone

from backoffice.models import JobRun

logger = logging.getLogger(__name__)

LONGEST_RUN = dt.timedelta(hours=6)
OUTPUT_LINES = 20
OUTPUT_CHARACTERS = 4_000


def run_job(name: str) -> JobRun:
    """Run the command called `name`. If it fails: log, mail the admins, and exit with 1.

    The record is written outside the command's own transactions, so it stays when they go.
    """
    _close_unfinished(name, at=timezone.now())
    run = JobRun.objects.create(name=name, started_at=timezone.now())
    output = io.StringIO()
    try:
        call_command(name, stdout=output, stderr=output)
    except BaseException as error:  # SystemExit is how a command fails
        output.write(f"\n{type(error).__name__}: {error}")
        _finish(run, JobRun.Status.FAILED, output)
        logger.exception("The job %s failed.", name)
        mail_admins(f"The job {name} failed", run.output)
        raise SystemExit(1) from error
    return _finish(run, JobRun.Status.SUCCEEDED, output)


def _close_unfinished(name, *, at):
    """Call failed what started long ago and was killed before it could say so."""
    JobRun.objects.filter(
        name=name, status=JobRun.Status.RUNNING, started_at__lt=at - LONGEST_RUN
    ).update(status=JobRun.Status.FAILED, output="It did not finish: killed, or switched off.")


def _finish(run, status, output):
    lines = output.getvalue().strip().splitlines()[-OUTPUT_LINES:]
    run.status = status
    run.finished_at = timezone.now()
    run.output = "\n".join(lines)[-OUTPUT_CHARACTERS:]
    run.save()
    return run
