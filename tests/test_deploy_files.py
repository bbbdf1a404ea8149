"""The files of deploy/, read by their own programs. tests/deploy runs them for real."""

import configparser
import contextlib
import http.server
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
from itertools import takewhile
from pathlib import Path

import pytest
from django.conf import settings

from backoffice import timers
from backoffice.env import CREDENTIAL
from tests.deploy.servers import HOST, Nginx

pytestmark = pytest.mark.any_database

DEPLOY = Path(settings.BASE_DIR) / "deploy"
GUARDS = ["Strict-Transport-Security", "X-Content-Type-Options", "Content-Security-Policy"]
WORST_EXPOSURE = 2.0  # systemd calls that OK; a service without hardening has 9.6


def require(program):
    path = shutil.which(program, path="/usr/bin:/usr/sbin:/usr/local/bin")
    return path or pytest.skip(f"{program} is not installed: tools/install_browser.sh")


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.fixture
def units(tmp_path):
    """The units, with the paths of this checkout in place of /srv/imprint."""
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text().replace("/srv/imprint", str(settings.BASE_DIR))
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_there_is_a_timer_for_each_job_at_its_time():
    files = {path.name: path.read_text() for path in (DEPLOY / "systemd").glob("*.timer")}
    ours = {name: text for name, text in files.items() if name.startswith("imprint-job-")}
    assert ours == timers.make_timers(), "Run `manage.py write_timers`"


def test_timers_are_written_and_old_ones_taken_away(tmp_path):
    (tmp_path / "imprint-job-of_old.timer").touch()
    (tmp_path / "imprint-web.service").touch()
    timers.write_timers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *timers.make_timers(),
        "imprint-web.service",
    }


@pytest.mark.parametrize(
    ("cron", "calendar"),
    [
        ("*/5 * * * *", "*-*-* *:00/5:00"),
        ("40 * * * *", "*-*-* *:40:00"),
        ("5 2,14 * * *", "*-*-* 02,14:05:00"),
    ],
)
def test_time_of_cron_is_one_of_systemd(cron, calendar):
    assert timers._translate(cron) == calendar
    if analyze := shutil.which("systemd-analyze"):
        run(analyze, "calendar", calendar)


@pytest.mark.parametrize("cron", ["0 4 1 * *", "0 4 * * 1", "0-9 * * * *"])
def test_time_that_no_timer_has_is_refused(cron):
    with pytest.raises(ValueError, match="not foreseen"):
        timers._translate(cron)


def test_systemd_takes_the_units(units):
    analyze = require("systemd-analyze")
    said = run(analyze, "verify", "--man=no", *map(str, sorted(units.iterdir())))
    assert str(units) not in said
    assert "imprint" not in said


@pytest.mark.parametrize("name", ["imprint-web.service", "imprint-job@.service"])
def test_services_are_shut_in(units, name):
    analyze = require("systemd-analyze")
    said = run(analyze, "security", "--offline=yes", str(units / name))
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    assert exposure <= WORST_EXPOSURE, said


def test_gunicorn_takes_its_settings(monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)
    said = run(
        ".venv/bin/gunicorn", "--config", "deploy/gunicorn.conf.py", "--print-config", "os:getcwd"
    )
    configuration = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    chosen = {name.strip(): value.strip() for name, value in configuration.items()}
    assert chosen["accesslog"] == "None"  # it would keep the addresses of readers
    assert chosen["worker_class"] == "gthread" or "ThreadWorker" in chosen["worker_class"]


def test_logrotate_takes_its_file(tmp_path):
    logrotate = require("logrotate")
    text = (DEPLOY / "logrotate" / "imprint").read_text()
    for known in ("imprint imprint", "www-data adm"):  # accounts that this machine may not have
        text = text.replace(known, "root root")
    rules = tmp_path / "rules"
    rules.write_text(text.replace("/srv/imprint", str(tmp_path)))
    rules.chmod(0o644)
    said = run(logrotate, "--debug", "--state", str(tmp_path / "state"), str(rules))
    assert "error" not in said
    assert f"{tmp_path}/var/*.log" in said


def test_nginx_takes_its_site(tmp_path):
    require("nginx")
    require("openssl")
    nginx = Nginx(tmp_path / "nginx", static=tmp_path, app=tmp_path / "web.sock")
    assert "test is successful" in nginx.check()


@pytest.fixture
def nginx_alone():
    """nginx without the application, so that all answers are its own."""
    require("nginx")
    require("openssl")
    with tempfile.TemporaryDirectory(prefix="imprint-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's workers are somebody else
        (folder / "static").mkdir(mode=0o755)
        (folder / "static" / "site.0123456789ab.css").write_text("p { color: inherit }")
        nginx = Nginx(folder / "nginx", static=folder / "static", app=folder / "web.sock")
        with nginx.running():
            yield nginx


def ask_whole(nginx, request, *, tls=True):
    """Return the lines of the answer to a request's bytes, up to the body."""
    context = ssl.create_default_context(cafile=nginx.folder / "fullchain.pem")
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", nginx.port if tls else nginx.plain_port)
        sock = stack.enter_context(socket.create_connection(address, timeout=10))
        if tls:
            sock = stack.enter_context(context.wrap_socket(sock, server_hostname=HOST))
        sock.sendall(request.replace("HOST", HOST).encode())
        answer = stack.enter_context(sock.makefile("rb"))
        return [line.decode().strip() for line in takewhile(bytes.strip, answer)] or [""]


def ask(nginx, request, *, tls=True):
    """Return the status and the headers of the answer."""
    status, *headers = ask_whole(nginx, request, tls=tls)
    return status.partition(" ")[2][:3], dict(line.split(": ", 1) for line in headers)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/site.0123456789ab.css", "200"),
        ("/static/nothing.css", "404"),
        ("/static/", "403"),  # no list of the files
        ("/", "503"),  # the application is away
    ],
)
def test_what_nginx_says_itself_comes_with_its_guards(nginx_alone, path, status):
    said, headers = ask(nginx_alone, f"GET {path} HTTP/1.0\r\nHost: HOST\r\n\r\n")
    assert said == status
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] == "nginx"


class Said(http.server.BaseHTTPRequestHandler):
    """An application that sends its own guards."""

    def do_GET(self):
        self.send_response(200)
        for name in GUARDS:
            self.send_header(name, "as the application says")
        self.end_headers()

    def address_string(self):
        return "nginx"

    def log_message(self, *args):
        pass


def test_what_the_application_says_is_said_once_and_as_it_is(nginx_alone):
    path = str(nginx_alone.folder.parent / "web.sock")
    with socketserver.UnixStreamServer(path, Said) as application:
        Path(path).chmod(0o666)
        answering = threading.Thread(target=application.handle_request)
        answering.start()
        head = ask_whole(nginx_alone, "GET / HTTP/1.0\r\nHost: HOST\r\n\r\n")
        answering.join()
    for name in GUARDS:
        assert [line for line in head if line.startswith(name)] == [
            f"{name}: as the application says"
        ]


def test_nginx_takes_no_request_that_two_could_read_differently(nginx_alone):
    body = "5\r\nq=abc\r\n0\r\n\r\n"
    both = f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n"
    for headers in (both, "Content-Length: 3\r\nContent-Length: 5\r\n", "Transfer-Encoding: x\r\n"):
        request = f"POST / HTTP/1.1\r\nHost: HOST\r\n{headers}Connection: close\r\n\r\n{body}"
        status, _ = ask(nginx_alone, request)
        assert status in ("400", "501"), headers
    assert ask(nginx_alone, "TRACE / HTTP/1.0\r\nHost: HOST\r\n\r\n")[0] == "405"


SIGNED_IN = "Cookie: a=b; __Host-sessionid=0123456789\r\n"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("weblog/picture/add/", SIGNED_IN, "503"),  # let through; the application is away
        ("weblog/blog/add/", SIGNED_IN, "503"),
        ("../a/results/file/", SIGNED_IN, "413"),
        ("weblog/picture/add/", "", "413"),
        ("billing/payoutbatch/1/results/file/", "Cookie: a__Host-sessionid=0\r\n", "413"),
        ("login/", "", "413"),
    ],
)
def test_large_body_of_a_stranger_is_refused_unread(nginx_alone, path, headers, status):
    post = f"POST /admin/{path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n{headers}"
    body = "a" * 4_000_000 if status == "503" else ""
    assert ask(nginx_alone, f"{post}Content-Length: 4000000\r\n\r\n{body}")[0] == status
    if not headers:  # nor one whose length is not told
        assert ask(nginx_alone, f"{post}Transfer-Encoding: chunked\r\n\r\n")[0] == "413"


def test_token_is_never_led_from_plain_http_to_tls(nginx_alone):
    """A client that sends it unencrypted must notice at once."""
    assert ask(nginx_alone, "GET /metrics HTTP/1.0\r\nHost: HOST\r\n\r\n", tls=False)[0] == ""
    assert ask(nginx_alone, "GET / HTTP/1.0\r\nHost: HOST\r\n\r\n", tls=False)[0] == "301"


def test_nginx_offers_tls_that_keeps_old_talk_secret():
    text = (DEPLOY / "nginx" / "imprint.conf").read_text()
    (protocols,) = re.findall(r"ssl_protocols\s+(.+);", text)
    (ciphers,) = re.findall(r"ssl_ciphers\s+(.+);", text)
    assert protocols.split() == ["TLSv1.2", "TLSv1.3"]
    for cipher in ciphers.split(":"):
        assert re.fullmatch(r"ECDHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", cipher)


def test_nginx_leads_to_the_application_and_to_nothing_else():
    text = (DEPLOY / "nginx" / "imprint.conf").read_text()
    assert set(re.findall(r"proxy_pass\s+(\S+);", text)) == {"http://imprint"}
    assert re.findall(r"^\s+server (\S+)", text, re.MULTILINE)[0] == "unix:/run/imprint/web.sock"
    assert set(re.findall(r"(?:alias|root)\s+(\S+);", text)) == {
        "/srv/imprint/staticfiles/",
        "/srv/imprint/staticfiles/$file",
        "/var/www/acme",
    }


@pytest.mark.parametrize("name", ["imprint-web.service", "imprint-job@.service"])
def test_history_of_the_code_is_out_of_reach(name):
    text = (DEPLOY / "systemd" / name).read_text()
    assert "\nInaccessiblePaths=-/srv/imprint/.git\n" in text


def read_unit(path):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


def test_journal_goes_to_another_machine_over_tls_alone():
    upload = read_unit(DEPLOY / "journal-upload" / "imprint.conf")["Upload"]
    assert upload["URL"].startswith("https://")
    assert set(upload) == {
        "URL", "ServerKeyFile", "ServerCertificateFile", "TrustedCertificateFile",
    }  # fmt: skip
    assert "all" not in upload["TrustedCertificateFile"]  # which would trust anybody


def test_secrets_can_come_encrypted_from_systemd():
    service = read_unit(DEPLOY / "credentials" / "imprint.conf")["Service"]
    name, _, folder = service["LoadCredentialEncrypted"].partition(":")
    assert f"{name}_" == CREDENTIAL
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text()
    assert f"--name={name}_SECRET_KEY - {folder}/SECRET_KEY" in page
