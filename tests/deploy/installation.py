"""An installation by docs/operations.md, in a folder, for the account that runs the tests.

What the page does to the machine itself is turned aside: packages, accounts and systemd are the
machine's, and the server of PostgreSQL is the tests' own.
"""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import psycopg

from tests.checkout import ROOT
from tests.deploy.page import Block, read_blocks, read_sql
from tests.on_postgres import PACKAGE_DIR

SHIMS = ("systemctl", "adduser", "nginx", "apt-get")
REPOSITORY = "https://git.example.org/imprint.git"
OWNER_URL = "postgres://imprint_owner:change-me-too@127.0.0.1:5432/imprint"


def find_host(database_url: str) -> str:
    """Return the folder of the socket from a URL of tests.on_postgres."""
    return database_url.split("@/")[1].rsplit("/", 1)[0]


class Installation:
    def __init__(self, folder: Path, *, database_url: str, quick: bool = False):
        self.root, self.folder, self.database_url = folder, folder / "srv" / "imprint", database_url
        self.quick, self.turned_aside = quick, folder / "turned-aside"
        self.server_url = database_url
        self.commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.strip()
        self._make_machine()

    def _make_machine(self):
        for name in ("etc/nginx/sites-available", "etc/nginx/sites-enabled", "etc/logrotate.d",
                     "etc/systemd/system", "var/log", "var/www", "srv", "bin"):  # fmt: skip
            (self.root / name).mkdir(parents=True)
        for name in SHIMS:
            shim = self.root / "bin" / name
            shim.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.turned_aside}\n')
            shim.chmod(0o755)
        self.folder.mkdir()
        git = ["git", "clone", "--quiet", "--bare", str(ROOT), str(self.root / "repository")]
        subprocess.run(git, check=True)
        git = ["git", "--git-dir", str(self.root / "repository")]
        subprocess.run([*git, "branch", "--force", "main", self.commit], check=True)
        subprocess.run([*git, "symbolic-ref", "HEAD", "refs/heads/main"], check=True)

    def follow(self, heading: str) -> str:
        """Run the commands under a heading of the page, block by block, and return all output."""
        return "".join(self._do(block) for block in read_blocks(heading))

    def _do(self, block: Block) -> str:
        if block.kind == "instead":
            return ""
        if block.kind == "packages":
            return self._look_up_packages(block.text)
        if block.language == "ini":
            return self._write_settings(block.text)
        if block.account == "postgres":
            return self._run_sql(block.text)
        return self.run(self._place(block.text))

    def _place(self, text):
        for name in ("/srv/imprint", "/etc/", "/var/"):
            text = re.sub(rf"(?<![\w.]){name}", f"{self.root}{name}", text)
        text = text.replace(REPOSITORY, str(self.root / "repository"))
        text = text.replace(OWNER_URL, self.database_url.replace("imprint@", "imprint_owner@"))
        if self.quick:
            text = text.replace("make setup", f"ln -sfn {ROOT}/.venv .venv")
            text = text.replace("make backup", ".venv/bin/python manage.py backup")
            text = text.replace("make cron-install", ".venv/bin/python manage.py install_jobs")
            assert not re.search(r"^make ", text, re.MULTILINE)  # it would rebuild what is linked
        return text.replace("createsuperuser", "createsuperuser --no-input")

    def run(self, text: str, *, check=True, **environment) -> str:
        """Run lines of a shell, as after a fresh sign-in."""
        person = pwd.getpwuid(os.geteuid())
        kept = {name: os.environ[name] for name in ("PATH", "PIP_INDEX_URL") if name in os.environ}
        result = subprocess.run(
            ["/bin/sh", "-eu", "-c", text], cwd=self.root, check=False, text=True, timeout=900,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=kept | {"PATH": f"{self.root}/bin:{kept['PATH']}", "HOME": person.pw_dir,
                        "DJANGO_SUPERUSER_USERNAME": "root",
                        "DJANGO_SUPERUSER_EMAIL": "root@example.org",
                        "DJANGO_SUPERUSER_PASSWORD": "a long one for the test"} | environment,
        )  # fmt: skip
        assert not check or result.returncode == 0, f"{text}\n{result.stdout}"
        return result.stdout

    def manage(self, *arguments, check=True) -> str:
        line = " ".join(arguments)
        return self.run(f"cd {self.folder}; .venv/bin/python manage.py {line}", check=check)

    def evaluate(self, code: str) -> str:
        return self.manage(
            "shell", "--no-imports", "--verbosity=0", "--command", f'"{code}"'
        ).strip()

    def _look_up_packages(self, text):
        if apt := shutil.which("apt-cache"):
            for name in text.split()[2:]:
                shown = subprocess.run([apt, "show", name], capture_output=True, check=False)
                assert shown.returncode == 0, f"Debian has no package {name}"
        return ""

    def _write_settings(self, text):
        path = self.folder / ".env"
        content = path.read_text()
        for line in self._place(text).splitlines():
            name, value = line.split("=", 1)
            if name == "DATABASE_URL":
                value = self.database_url
            if name == "EMAIL_URL":
                value = "smtp://127.0.0.1:9"  # nobody listens
            content, count = re.subn(
                rf"^#?{name}=.*$", f"{name}={value}", content, flags=re.MULTILINE
            )
            assert count == 1, f".env.example has no {name}"
        content += f"POSTGRESQL_BIN={PACKAGE_DIR / 'pginstall' / 'bin'}\n"  # as new as the server
        path.write_text(content)
        return ""

    def _run_sql(self, text):
        host = find_host(self.server_url)
        for database, statement in read_sql(text):
            with psycopg.connect(
                host=host, user="postgres", dbname=database or "postgres", autocommit=True
            ) as server:
                server.execute(statement)
        self.database_url = f"postgres://imprint@/{host}/imprint"
        return ""
