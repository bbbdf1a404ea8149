"""Timers of systemd, which can start the jobs instead of cron (deploy/systemd)."""

import re
import subprocess
from pathlib import Path

from django.conf import settings

TIMER = """\
# Made by `manage.py write_timers` from settings.CRONJOBS.
[Unit]
Description=Time of the job {name} of the back-office

[Timer]
OnCalendar={calendar}
AccuracySec=15s
Persistent=true
Unit=imprint-job@{name}.service

[Install]
WantedBy=timers.target
"""


def make_timers() -> dict[str, str]:
    """Return {file name: content} with a timer for each of settings.CRONJOBS."""
    return {
        f"imprint-job-{name}.timer": TIMER.format(name=name, calendar=_translate(schedule))
        for schedule, _, (name,) in settings.CRONJOBS
    }


def write_timers(folder: Path) -> list[Path]:
    """Write all timers into `folder`, remove those of jobs that are gone, and return the paths."""
    timers = make_timers()
    for path in folder.glob("imprint-job-*.timer"):
        if path.name not in timers:
            path.unlink()
    for name, content in timers.items():
        (folder / name).write_text(content)
    return [folder / name for name in timers]


def find_idle_timers() -> dict[str, str]:
    """Return {timer: state} of the timers that don't run. Raises OSError, SubprocessError."""
    states = {timer: _ask_state(timer) for timer in make_timers()}
    return {timer: state for timer, state in states.items() if state != "active"}


def _ask_state(timer):
    result = subprocess.run(
        ["/usr/bin/systemctl", "is-active", timer],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    return result.stdout.strip() or result.stderr.strip() or "unknown"


def _translate(schedule):
    """Return a crontab's minute and hour in the form of systemd.time(7)."""
    minute, hour, *day = schedule.split()
    if day != ["*", "*", "*"]:
        raise ValueError(f"A timer of {schedule!r} is not foreseen: only minutes and hours are.")
    return f"*-*-* {_translate_field(hour)}:{_translate_field(minute)}:00"


def _translate_field(field):
    if field.startswith("*/"):
        return f"00/{field[2:]}"
    if not re.fullmatch(r"\*|\d+(,\d+)*", field):
        raise ValueError(f"A timer of {field!r} is not foreseen.")
    return ",".join(part if part == "*" else f"{int(part):02}" for part in field.split(","))
