"""System checks of an installation: the start of jobs, folders, static files.

They look at this machine as this user. Run them as the user who runs the application.
"""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.checks import Error, Warning, register

from backoffice import cron
from backoffice.timers import find_idle_timers

STARTERS = ("cron", "systemd", "elsewhere")


@register("cron", deploy=True)
def check_jobs(app_configs, **kwargs):
    """If nothing starts the jobs, nobody is paid, and no page shows it."""
    if settings.JOBS_STARTED_BY == "cron":
        return check_crontab()
    if settings.JOBS_STARTED_BY == "systemd":
        return check_timers()
    if settings.JOBS_STARTED_BY == "elsewhere":
        return []
    return [
        Error(
            f"JOBS_STARTED_BY is {settings.JOBS_STARTED_BY!r}.",
            hint=f"Set it to one of {', '.join(STARTERS)}.",
            id="backoffice.E020",
        )
    ]


def check_crontab():
    try:
        cron.check_owner()
        installed, lines = cron.read_installed(), cron.make_lines()
    except cron.CronError as error:
        return [Error(str(error), hint=error.hint, id="backoffice.E021")]
    if not installed.ours:
        return [
            Error(
                f"The crontab of {cron.whose()} holds none of our jobs.",
                hint="Run `make cron-install` as the user who runs the application, or say in .env "
                "what starts the jobs instead: JOBS_STARTED_BY.",
                id="backoffice.E022",
            )
        ]
    return [
        *_compare_lines(installed.ours, lines),
        *_name_elsewhere(installed),
        *_try_lines(installed),
        *_look_for_daemon(),
    ]


def _compare_lines(installed, lines):
    if sorted(installed) == sorted(lines):
        return
    stale = [f"stale: {line}" for line in installed if line not in lines]
    missing = [f"missing: {line}" for line in lines if line not in installed]
    doubled = [f"twice: {line}" for line in set(installed) if installed.count(line) > 1]
    yield Warning(
        "\n".join(["This user's crontab is not what settings say.", *stale, *missing, *doubled]),
        hint="Run `make cron-install`, and this check again.",
        id="backoffice.W002",
    )


def _name_elsewhere(installed):
    if text := cron.name_elsewhere(installed):
        yield Warning(
            text,
            hint="If that installation is gone, or was moved to this folder, take its lines out by "
            "`crontab -e`. If it is to go on, give each its own CRONTAB_COMMENT in .env, and run "
            "`make cron-install` in both.",
            id="backoffice.W027",
        )


def _try_lines(installed):
    environment = installed.environment
    with ThreadPoolExecutor(max_workers=2) as pool:
        wrongs = list(
            pool.map(lambda line: cron.try_line(line, environment=environment), installed.ours)
        )
    for wrong in dict.fromkeys(wrongs):  # six lines mostly share one fault
        if wrong:
            lines = [line for line, its in zip(installed.ours, wrongs, strict=True) if its == wrong]
            yield Error(
                "\n".join([f"Cron can't run this: {wrong}", *lines]),
                hint="Mend it, and try the line by hand in cron's environment: "
                f"env -i HOME={environment['HOME']} PATH={environment['PATH']} /bin/sh -c '...'",
                id="backoffice.E023",
            )


def _look_for_daemon():
    running = cron.is_daemon_running()
    if running is False:
        yield Error(
            "No cron runs on this machine, so nothing reads the crontab.",
            hint="Start it, now and at every boot: `systemctl enable --now cron`.",
            id="backoffice.E024",
        )
    elif running is None:
        yield Warning(
            "Whether cron runs can't be seen from here.",
            hint="Look at the newest row under Job runs in ten minutes.",
            id="backoffice.W024",
        )


def check_timers():
    try:
        idle = find_idle_timers()
    except (OSError, subprocess.SubprocessError) as error:
        return [
            Error(
                f"systemctl does not answer: {error}.",
                hint="Run this on the machine itself, or let cron start the jobs.",
                id="backoffice.E025",
            )
        ]
    return [
        Error(
            f"The timer {timer} is {state}.",
            hint=f"Run `systemctl enable --now {timer}`: docs/operations.md, Jobs.",
            id="backoffice.E026",
        )
        for timer, state in idle.items()
    ]


@register("files", deploy=True)
def check_folders(app_configs, **kwargs):
    """A folder without write access loses views, uploads, pictures and the logs of jobs."""
    for folder in _list_folders():
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
            yield Error(
                f"{cron.whose()} can't write to {folder}.",
                hint=f"chown {cron.whose()} {existing}, or run this as the user who owns it.",
                id="backoffice.E030",
            )


def _list_folders():
    """Return each folder that the application writes to, by its setting."""
    named = {name: getattr(settings, name) for name in dir(settings) if name.endswith("_DIR")}
    return sorted({Path(settings.MEDIA_ROOT), *map(Path, named.values())} - {settings.BASE_DIR})


@register
def check_extras(app_configs, **kwargs):
    """What several machines share needs packages that one machine does without."""
    wanted = {
        "PICTURES_URL": (
            "storages",
            settings.STORAGES["default"]["BACKEND"].startswith("storages"),
        ),
        "CACHE_URL": ("redis", "shared" in settings.CACHES),
    }
    return [
        Error(
            f"{name} is set, and {package} is not installed.",
            hint="Run `.venv/bin/pip install --require-hashes -r requirements-scale.txt`.",
            id="backoffice.E033",
        )
        for name, (package, is_set) in wanted.items()
        if is_set and find_spec(package) is None
    ]


@register("files", deploy=True)
def check_static_files(app_configs, **kwargs):
    """A page that uses a static file which nobody collected answers with status 500."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return []
    hint = "Run `manage.py collectstatic --no-input`, and restart the application."
    try:
        manifest = staticfiles_storage.read_manifest()
        collected = set(json.loads(manifest)["paths"]) if manifest else None
    except (OSError, ValueError, KeyError) as error:
        return [
            Error(
                f"The list of static files can't be read: {error}", hint=hint, id="backoffice.E031"
            )
        ]
    if collected is None:
        return [Error("Static files were never collected.", hint=hint, id="backoffice.E031")]
    names = {name for finder in get_finders() for name, _ in finder.list([])}
    if missing := sorted(names - collected):
        return [
            Error(
                f"{len(missing)} static files were not collected, {missing[0]} for one.",
                hint=hint,
                id="backoffice.E032",
            )
        ]
    return []
