"""The back-office's own checks: migrations, guards, jobs, their records, and room on the disk."""

import shutil

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from backoffice.guards import find_missing_anywhere
from backoffice.health.registry import Result, register_check
from backoffice.jobs import records, watching

MEGABYTE = 1024 * 1024


def register_checks() -> None:
    register_check("migrations", check_migrations)
    register_check("guards", check_guards)
    register_check("jobs", check_jobs, is_told=False)
    register_check("job records", check_records, needs_database=False, is_told=False)
    register_check("disk", check_disk, needs_database=False)


def check_migrations() -> Result:
    executor = MigrationExecutor(connection)
    unapplied = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return Result(not unapplied, f"{unapplied} unapplied" if unapplied else "")


def check_guards() -> Result:
    """Check that the triggers that protect what is signed and logged are in place, in all apps."""
    missing = len(find_missing_anywhere(connection))
    return Result(not missing, f"{missing} missing or changed: run migrate" if missing else "")


def check_jobs() -> dict[str, Result]:
    """Return a result for each job, by the age of its last success and its problems."""
    at = timezone.now()
    watched = watching.watch_list()
    problems = {
        problem.job: problem.text for problem in watching.find_problems(at=at, watched=watched)
    }
    return {f"job {one.name}": _check_job(one, problems.get(one.name, ""), at) for one in watched}


def _check_job(watched, problem, at):
    numbers = {"seconds_since_success": watching.seconds_since_success(watched, at=at)}
    if problem:
        return Result(False, problem, numbers)
    if watching.has_failed_lately(watched, at=at):
        return Result(False, "It ran, but failed since its last success.", numbers)
    return Result(True, "", numbers)


def check_records() -> Result:
    waiting = records.count_left_over()
    return Result(not waiting, f"{waiting} runs are not recorded yet" if waiting else "")


def check_disk() -> Result:
    free = shutil.disk_usage(settings.VAR_DIR).free // MEGABYTE
    is_ok = free >= settings.DISK_FREE_MB
    detail = "" if is_ok else f"{free} MB are free where {settings.VAR_DIR} lies"
    return Result(is_ok, detail, {"free_megabytes": free})
