"""The servers of an installation, as systemd would start them, on free ports of this machine."""

import contextlib
import grp
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HOST = "backoffice.example.org"
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

# What Debian's nginx.conf has around a site, with places of our own.
MAIN = """
user {user};
worker_processes 1;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
daemon off;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    include {folder}/site.conf;
}}
"""


def find_free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(condition, *, seconds=30, every=0.1):
    """Return the value of `condition` as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{condition} did not come true in {seconds} s"
        time.sleep(every)
    return found


def make_certificate(folder: Path) -> None:
    """Write a self-signed fullchain.pem and privkey.pem into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", f"/CN={HOST}", "-addext",
         f"subjectAltName=DNS:{HOST}", "-keyout", folder / "privkey.pem", "-out",
         folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


class Nginx:
    """nginx with deploy/nginx/imprint.conf. Only paths and ports differ."""

    def __init__(self, folder: Path, *, static: Path, app: Path):
        self.folder, self.port, self.plain_port = folder, find_free_port(), find_free_port()
        folder.mkdir(parents=True, exist_ok=True)
        make_certificate(folder)
        text = (DEPLOY / "nginx" / "imprint.conf").read_text()
        for old, new in {
            r"\[::\]:": "[::1]:",
            r"\b443\b": str(self.port),
            r"(listen (?:\[::1\]:)?)80\b": rf"\g<1>{self.plain_port}",
            r"listen (\d)": r"listen 127.0.0.1:\1",
            r"/etc/ssl/imprint": str(folder),
            r"/var/log/imprint": str(folder),
            r"/srv/imprint/staticfiles": str(static),
            r"/run/imprint/web\.sock": str(app),
        }.items():
            text, count = re.subn(old, new, text)
            assert count, old
        if not socket.has_dualstack_ipv6():
            text = re.sub(r"^\s*listen \[.*\n", "", text, flags=re.MULTILINE)
        (folder / "site.conf").write_text(text)
        user = "www-data" if os.geteuid() == 0 else "root"
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        self.command = [
            shutil.which("nginx", path="/usr/sbin:/usr/bin"),
            *("-c", folder / "nginx.conf", "-p", folder, "-e", folder / "start.log"),
        ]

    def check(self) -> str:
        """Return the output of `nginx -t`."""
        result = subprocess.run([*self.command, "-t"], check=False, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stderr

    @contextlib.contextmanager
    def running(self):
        process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        try:
            wait_for((self.folder / "nginx.pid").exists)
            yield self
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


class Application:
    """gunicorn as imprint-web.service starts it, on a socket that outlives it."""

    def __init__(self, folder: Path, path: Path):
        self.folder, self.path, self.process = folder, path, None
        unit = (DEPLOY / "systemd" / "imprint-web.service").read_text()
        command = re.search(r"^ExecStart=(.+)$", unit, re.MULTILINE)[1]
        self.command = command.replace("/srv/imprint", str(folder))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(2048)
        path.chmod(0o660)
        if os.geteuid() == 0:
            os.chown(path, 0, grp.getgrnam("www-data").gr_gid)

    def start(self):
        """Hand the socket over as sd_listen_fds(3) has it."""
        with (self.folder / "var" / "web.log").open("a") as log:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {self.command}"],
                cwd=self.folder, stdout=log, stderr=log, preexec_fn=self._pass_socket,
                close_fds=False, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            )  # fmt: skip

    def _pass_socket(self):
        os.dup2(self.socket.fileno(), 3)
        os.set_inheritable(3, True)  # it may have been the third before
        os.closerange(4, 1024)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, sent=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sent)
            self.process.wait(timeout=60)

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            self.stop()
            self.socket.close()
