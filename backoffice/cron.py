"""The user's crontab: installs our lines and tries whether each can run.

django-crontab (0.7.1) writes the lines. But its `crontab add` deletes the lines of others if
`crontab -l` fails, and exits with 0 if nothing was installed. So this module installs them.
"""

import contextlib
import io
import os
import pwd
import re
import secrets
import subprocess
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.db import connection
from django_crontab.crontab import Crontab

from backoffice.env import quote_for_cron
from backoffice.models import JobRun

DAEMONS = {"cron", "crond", "fcron", "busybox"}
PID_FILES = [Path("/run/crond.pid"), Path("/run/cron.pid"), Path("/var/run/crond.pid")]
LONGEST_TRY = 60  # seconds
CAN_RUN = "it can run on"

# What Debian's cron gives a job, whatever the caller's own shell has.
PATH = "/usr/bin:/bin"
ASSIGNMENT = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$")
LINE = re.compile(r"^(?:\S+\s+){5}(.*)$")
RUN = re.compile(r"\bcrontab run ([0-9a-f]{32})\b")
FOLDER = re.compile(r"\bcd (.+?) && ")

BESIDE = (
    "If both are to run: manage.py install_jobs --beside. If this folder takes the place of that "
    "one, remove its jobs first, from there: manage.py crontab remove. Where that folder is gone, "
    "take its lines out by `crontab -e`."
)


class CronError(Exception):
    """Its message says what is wrong, and `hint` what to do."""

    def __init__(self, message, *, hint=""):
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Installed:
    """What `crontab -l` printed: every line, those of this installation, and those of others.

    Ours run this folder's manage.py. Another folder's keep their place, whatever comment they bear.
    """

    lines: list[str]
    ours: list[str]
    elsewhere: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment that cron gives the jobs of this crontab."""
        person = pwd.getpwuid(os.geteuid())
        environment = {"HOME": person.pw_dir, "LOGNAME": person.pw_name, "SHELL": "/bin/sh"}
        environment |= {"USER": person.pw_name, "PATH": PATH}
        for match in map(ASSIGNMENT.match, self.lines):
            if match:
                environment[match[1]] = match[2].strip("'\"")
        return environment


def _load_crontab():
    """Return the library's crontab, without its false warning about a quoted path of manage.py."""
    with contextlib.redirect_stdout(io.StringIO()):
        return Crontab(verbosity=0)


def whose() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def read_installed() -> Installed:
    """Return this user's crontab; a user without one has an empty one. Raises CronError."""
    result = _call_crontab("-l")
    if result.returncode and "no crontab for" not in result.stderr:
        raise CronError(
            f"`crontab -l` fails for {whose()}: {result.stderr.strip() or 'it says nothing'}",
            hint="See that this user may use crontab (/etc/cron.allow, /etc/cron.deny).",
        )
    lines = result.stdout.splitlines()
    jobs = [line for line in lines if RUN.search(line) and not line.lstrip().startswith("#")]
    ours = [line for line in jobs if _runs_our_manage_py(line)]
    comment = f"# {settings.CRONTAB_COMMENT}"
    marked = [line for line in jobs if line.endswith(comment)]
    return Installed(lines, ours, [line for line in marked if line not in ours])


def _runs_our_manage_py(line: str) -> bool:
    return f" {quote_for_cron(settings.BASE_DIR / 'manage.py')} crontab run " in line


def _call_crontab(argument, *, text=""):
    program = _load_crontab().settings.CRONTAB_EXECUTABLE
    try:
        return subprocess.run(
            [program, argument], input=text, capture_output=True, text=True, check=False,
            timeout=LONGEST_TRY, env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CronError(
            f"{program} does not start: {error}.",
            hint="Install it (`apt install cron`), or let systemd start the jobs: "
            "docs/operations.md, Jobs.",
        ) from error


def make_lines() -> list[str]:
    """Return the lines for the crontab. Raises CronError."""
    if set("#\n") & set(str(settings.BASE_DIR)):
        raise CronError(
            f"A crontab can't hold the path {settings.BASE_DIR}.",
            hint="Move this folder to a path without #.",
        )
    crontab = _load_crontab()
    crontab.add_jobs()
    return [line.strip() for line in crontab.crontab_lines]


def install_jobs(*, beside: bool = False) -> list[str]:
    """Put our lines into this user's crontab, and return them. Raises CronError.

    Where another installation's jobs stand and none of ours, only `beside` adds them.
    """
    check_owner()
    lines = make_lines()
    installed = read_installed()
    if not (installed.ours or beside) and (elsewhere := name_elsewhere(installed)):
        raise CronError(f"{elsewhere} Nothing was added.", hint=BESIDE)
    _replace_ours(lines)
    return lines


def remove_jobs() -> list[str]:
    """Remove our lines from this user's crontab, and return them. Raises CronError."""
    ours = read_installed().ours
    if ours:
        _replace_ours([])
    return ours


def _replace_ours(lines):
    before = read_installed()
    others = [line for line in before.lines if line not in before.ours]
    text = "".join(f"{line}\n" for line in [*others, *lines])
    result = _call_crontab("-", text=text)
    after = read_installed()
    if result.returncode or sorted(after.ours) != sorted(lines):
        raise CronError(f"crontab did not take the lines: {result.stderr.strip()}", hint=text)
    if lost := [line for line in others if line not in after.lines]:
        raise CronError("crontab lost lines of others.", hint="\n".join(lost))


def name_elsewhere(installed: Installed) -> str:
    """Return where other installations lie whose lines bear our comment, as a sentence, or ""."""
    if not installed.elsewhere:
        return ""
    folders = {FOLDER.search(line) for line in installed.elsewhere}
    places = sorted(found[1] for found in folders if found) or ["a folder that no line names"]
    return (
        f"The crontab of {whose()} runs the jobs of another installation, in {', '.join(places)}. "
        "They were left as they are."
    )


def check_owner() -> None:
    """Raise CronError if jobs would run as another user than the application, or without .env.

    Jobs of another user make files that the application can't open.
    """
    dotenv = settings.BASE_DIR / ".env"
    if not dotenv.is_file():
        raise CronError(
            f"There is no {dotenv}, and a job sees nothing else.",
            hint="Copy .env.example to .env, and fill it in.",
        )
    for path in (dotenv, settings.VAR_DIR):
        if path.exists() and path.stat().st_uid != os.geteuid():
            raise CronError(
                f"{path} belongs to {_name_owner(path)}, but you are {whose()}.",
                hint="Do this as the user who runs the application.",
            )


def _name_owner(path):
    try:
        return path.owner()
    except KeyError:
        return f"the user with the number {path.stat().st_uid}"


def is_daemon_running() -> bool | None:
    """Return whether cron runs on this machine, or None if that can't be seen."""
    for path in PID_FILES:
        if _is_alive(path):
            return True
    names = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            names.add(path.read_text().strip())
        except OSError:  # the process has just ended
            continue
    if names & DAEMONS:
        return True
    return False if Path("/proc/1/comm").exists() else None


def _is_alive(pid_file):
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def try_line(line: str, *, environment: dict[str, str]) -> str:
    """Run a line of the crontab as cron would, with `try_job` for its job. Return what is wrong.

    Only the name of the command differs. Shell, folder, log, interpreter, manage.py, settings and
    database are the same.
    """
    token = secrets.token_hex(8)
    command, found = RUN.subn(rf"try_job \1 {token}", _as_shell_sees(line))
    if not found:
        return "it starts no job"
    log = settings.VAR_DIR / "cron.log"
    start = log.stat().st_size if log.exists() else 0
    try:
        result = subprocess.run(
            [environment["SHELL"], "-c", command], env=environment, cwd=environment["HOME"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=LONGEST_TRY,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it hung for {LONGEST_TRY} seconds"
    except OSError as error:
        return f"its shell or home does not open: {error}"
    said = f"{result.stdout}\n{result.stderr}\n{_read_from(log, start)}".strip().splitlines()
    answers = [text.removeprefix(token).strip() for text in said if text.startswith(token)]
    if not answers:
        return said[-1] if said else f"it ended with {result.returncode} and said nothing"
    if answers[-1].startswith(CAN_RUN) and answers[-1] != f"{CAN_RUN} {name_database()}":
        return f"{answers[-1]}, not on {name_database()}: DATABASE_URL belongs into .env"
    return "" if answers[-1].startswith(CAN_RUN) else answers[-1]


def _as_shell_sees(line):
    r"""Return a line's command. A % ends it, and \% stands for one (crontab(5))."""
    match = LINE.match(line)
    command = re.split(r"(?<!\\)%", match[1])[0] if match else ""
    return command.replace(r"\%", "%")


def _read_from(path, start):
    try:
        with path.open(errors="replace") as file:
            file.seek(start)
            return file.read()
    except OSError:
        return ""


def try_job(job_hash: str) -> str:
    """Return the database on which the job with this hash can run here, or the obstacle."""
    try:
        job = _load_crontab()._Crontab__get_job_by_hash(job_hash)
        _, function, (name, *_) = job
        module, _, attribute = function.rpartition(".")
        getattr(import_module(module), attribute)
        load_command_class(get_commands()[name], name)
        JobRun.objects.exists()
    except KeyError as error:
        return f"there is no command {error}"
    except Exception as error:  # the check shows any error
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return f"{CAN_RUN} {name_database()}"


def name_database() -> str:
    """Return the database of this process, without its password."""
    database = connection.settings_dict
    return " ".join(
        str(database[key]) for key in ("ENGINE", "HOST", "PORT", "NAME") if database[key]
    )
