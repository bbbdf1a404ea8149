"""A clean checkout of this project in a new folder, as after a clone."""

import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Checkout:
    """`folder` holds the committed and staged files; `.venv` is a link to ours.

    Commands run in the environment of cron, without the variables of this process.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        names = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def write_env(self, **settings) -> None:
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.folder / ".env").write_text(f"SECRET_KEY={secrets.token_urlsafe(50)}\n{text}")
        (self.folder / ".env").chmod(0o600)

    def run(self, command, *, check=True, seconds=120) -> str:
        """Run a command, given as a list or as a line for /bin/sh, and return its output."""
        person = pwd.getpwuid(os.geteuid())
        result = subprocess.run(
            command, shell=isinstance(command, str), cwd=self.folder, text=True, timeout=seconds,
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"HOME": person.pw_dir, "LOGNAME": person.pw_name, "SHELL": "/bin/sh",
                 "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert not check or result.returncode == 0, result.stdout
        return result.stdout

    def manage(self, *arguments, **options) -> str:
        return self.run([".venv/bin/python", "manage.py", *arguments], **options)

    def evaluate(self, code: str) -> str:
        return self.manage("shell", "--no-imports", "--verbosity=0", "--command", code).strip()
