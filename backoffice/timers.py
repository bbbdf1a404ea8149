"""systemd's timers, where they start the jobs in cron's place (deploy/systemd)."""

import subprocess

from django.conf import settings


def list_timers() -> list[str]:
    """Return the names of the timers, one for each of settings.CRONJOBS."""
    return [f"imprint-job-{name}.timer" for _, _, (name,) in settings.CRONJOBS]


def find_idle_timers() -> dict[str, str]:
    """Return {timer: state} of those that are not running. Raises OSError, SubprocessError."""
    states = {timer: _ask_state(timer) for timer in list_timers()}
    return {timer: state for timer, state in states.items() if state != "active"}


def _ask_state(timer):
    result = subprocess.run(
        ["/usr/bin/systemctl", "is-active", timer],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return result.stdout.strip() or result.stderr.strip() or "unknown"
