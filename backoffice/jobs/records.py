"""The record of each run. Where the database refuses it, a file keeps it for the next job.

A run leaves a file from its start to its end as well: of one that was killed while the database
was away, nothing else would tell.
"""

import contextlib
import datetime as dt
import json
import logging
import os
import socket
import uuid
from pathlib import Path

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Q
from django.utils import timezone

from backoffice.jobs.limits import JobStopped, time_limit
from backoffice.models import JobRun

logger = logging.getLogger(__name__)

HOST = socket.gethostname()[:100]
OUTPUT_LINES = 20
OUTPUT_CHARACTERS = 4_000
SUCCESSES_KEPT = dt.timedelta(days=30)
FAILURES_KEPT = dt.timedelta(days=400)
LONGEST_RECORDING = 120  # seconds, for a database that does not answer
KILLED = "It did not finish: killed, or switched off."


def finish(run: JobRun, status: JobRun.Status, output: str) -> JobRun:
    """Record how a run ended, in a file if the database refuses. Raises nothing."""
    lines = output.replace("\0", "").strip().splitlines()[-OUTPUT_LINES:]
    run.status = status
    run.finished_at = timezone.now()
    run.output = "\n".join(lines)[-OUTPUT_CHARACTERS:]
    try:
        with time_limit(LONGEST_RECORDING):
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            with transaction.atomic():  # with what other apps note of it
                run.save()
            _prune(run)
    except (Error, JobStopped):
        run.is_in_file = True
        _keep_in_file(run)
        # A failure is told by whoever runs the job.
        logger.log(
            logging.WARNING if status == JobRun.Status.FAILED else logging.ERROR,
            "The run of %s could not be recorded: a file keeps it for the next job.",
            run.name,
            exc_info=True,
            extra={"kind": f"record {run.name}", "job": run.name},
        )
    with contextlib.suppress(OSError):
        _mark_of(run.name).unlink()
    return run


def _prune(run):
    """Drop old runs of the same job. Its last success stays: its age is watched."""
    runs = JobRun.objects.filter(name=run.name)
    ended = runs.exclude(status=JobRun.Status.RUNNING)
    succeeded = Q(status=JobRun.Status.SUCCEEDED)
    last = runs.filter(succeeded).values_list("pk", flat=True).first()
    old = Q(started_at__lt=run.finished_at - FAILURES_KEPT)
    old |= succeeded & Q(started_at__lt=run.finished_at - SUCCESSES_KEPT)
    ended.filter(old).exclude(pk=last).delete()


def close_killed(name: str) -> None:
    """Call failed what this machine began and no longer runs. The caller holds the job's lock."""
    runs = JobRun.objects.filter(Q(host=HOST) | Q(host=""), name=name, status=JobRun.Status.RUNNING)
    for run in runs:
        run.status, run.output = JobRun.Status.FAILED, KILLED
        with transaction.atomic():
            run.save(update_fields=["status", "output"])
        _tell_killed(name, run.started_at)


def _tell_killed(name, started_at):
    logger.error(
        "The job %s of %s did not finish: it was killed, or the machine was switched off.",
        name,
        timezone.localtime(started_at).strftime("%Y-%m-%d %H:%M"),
        extra={"kind": f"killed {name} {started_at.isoformat()}", "job": name},
    )


# Files of what the database refused, and of runs that have begun


def _folder():
    return Path(settings.JOBS_DIR) / "unrecorded"


def _mark_of(name):
    return Path(settings.JOBS_DIR) / f"{name}.begun"


def mark_start(run: JobRun) -> None:
    """Leave a file until the run ends. If it is killed, that file is all that may tell."""
    _write(_mark_of(run.name), run)


def list_begun() -> list[str]:
    """Return the names of the jobs that began on this machine and have not ended."""
    return [path.stem for path in Path(settings.JOBS_DIR).glob("*.begun")]


def set_killed_aside(name: str) -> None:
    """Keep the start of a killed run for take_in(). The caller holds the job's lock."""
    with contextlib.suppress(OSError):
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        _mark_of(name).rename(_folder() / f"{uuid.uuid4()}.json")


def count_left_over() -> int:
    """Return how many runs wait in files for a job that records them."""
    return sum(1 for _ in _folder().glob("*.json"))


def _keep_in_file(run):
    _write(_folder() / f"{uuid.uuid4()}.json", run)


def _write(path, run):
    values = {
        "name": run.name,
        "status": run.status,
        "host": run.host,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at and run.finished_at.isoformat(),
        "output": run.output,
    }
    part = path.with_suffix(f".{uuid.uuid4()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:  # a disk that refuses as well: the log and the mail have it
        with contextlib.suppress(OSError):
            part.unlink()


def take_in() -> None:
    """Record the runs that wait in files."""
    for path in _folder().glob("*.json"):
        try:
            values = json.loads(path.read_text())
            values["finished_at"] = values["finished_at"] or None
            started_at = dt.datetime.fromisoformat(values.pop("started_at"))
            name = values.pop("name")
        except FileNotFoundError:  # another job was quicker
            continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            logger.exception("The record of a job in %s can't be read.", path.name)
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".broken"))
            continue
        if values["finished_at"]:
            JobRun.objects.update_or_create(name=name, started_at=started_at, defaults=values)
        else:
            _record_killed(name, started_at, values)
        path.unlink(missing_ok=True)


def _record_killed(name, started_at, values):
    """Record a run that has only a start, unless its record says how it ended."""
    known = JobRun.objects.filter(name=name, started_at=started_at)
    if known.exclude(status=JobRun.Status.RUNNING).exists():
        return
    values |= {"status": JobRun.Status.FAILED, "output": KILLED}
    JobRun.objects.update_or_create(name=name, started_at=started_at, defaults=values)
    _tell_killed(name, started_at)
