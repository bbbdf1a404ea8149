"""The installed site behind nginx: TLS, hosts, limits. `make test-deploy`."""

import re
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.client import Reader
from tests.deploy.servers import HOST

SIGN_IN = "/admin/login/"


def ask_plainly(port, text):
    """Return the first line and the headers of what a server says without TLS."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(text.encode())
        try:
            return sock.makefile("rb").read().decode(errors="replace")
        except ConnectionResetError:  # closed before all that was sent was read
            return ""


def test_plain_http_goes_to_tls(nginx):
    said = ask_plainly(nginx.plain_port, f"GET /blogs/a/ HTTP/1.0\r\nHost: {HOST}\r\n\r\n")
    assert said.startswith("HTTP/1.1 301")
    assert f"Location: https://{HOST}/blogs/a/" in said


@pytest.mark.parametrize("host", ["evil.example.org", f"{HOST}.evil.example.org", "127.0.0.1", ""])
def test_other_hosts_get_nothing(nginx, reader, host):
    said = ask_plainly(nginx.plain_port, f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")
    assert said == "" or said.startswith("HTTP/1.1 400")
    with pytest.raises(ConnectionResetError):  # RemoteDisconnected is one
        reader().ask("/", host=host or "evil.example.org")


def test_old_tls_is_refused(nginx):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", nginx.port), timeout=10) as sock,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(sock, server_hostname=HOST)


def test_pages_come_with_their_guards_and_are_cached_by_nobody(reader):
    answer = reader().ask("/")
    assert answer.status == 200
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src" in answer.headers["Content-Security-Policy"]
    assert "private" in answer.headers["Cache-Control"]
    assert answer.headers["Server"] == "nginx"


def test_static_files_come_from_nginx_for_a_year(reader):
    client = reader()
    path = re.search(r'"(/static/[^"]+\.[0-9a-f]{12}\.css)"', client.ask(SIGN_IN).text)[1]
    answer = client.ask(path, **{"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for escape in ("/static../.env", "/static/../.env", "/static/%2e%2e/.env"):
        assert client.ask(escape).status in (400, 403, 404)


def test_reader_cannot_choose_an_address(reader, installation):
    """Twelve wrong passwords, each with another X-Forwarded-For, are twelve of one address."""
    client = reader()
    client.ask(SIGN_IN)
    statuses = [
        client.post(
            SIGN_IN, {"username": "root", "password": f"wrong {number}"},
            **{"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": "203.0.113.1"},
        ).status
        for number in range(14)
    ]  # fmt: skip
    assert 429 in statuses
    assert set(statuses) <= {200, 403, 429}, statuses


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", 100), ("/search/?q=a", 10), ("/admin/search/?s=a", 10), ("/admin/weblog/blog/?q=a", 10)],
)
def test_one_address_gets_no_more_than_its_share(nginx, reader, path, allowed):
    number = 3 * allowed
    first = reader()
    address = first.address

    def ask(_):
        with_own_connection = Reader(nginx.port, nginx.folder, address=address)
        try:
            return with_own_connection.ask(path).status
        finally:
            with_own_connection.close()

    with ThreadPoolExecutor(max_workers=30) as pool:
        start = time.monotonic()
        statuses = list(pool.map(ask, range(number)))
        steady = (
            25 * (time.monotonic() - start) if allowed == 100 else 3 * (time.monotonic() - start)
        )
    passed = sum(status != 429 for status in statuses)
    assert allowed <= passed + 1
    assert passed <= allowed + 1 + steady
    assert not {500, 502, 504} & set(statuses)
    assert reader().ask(path).status != 429  # another address has its own


def test_body_that_no_form_has_is_refused_before_it_is_read(reader):
    client = reader()
    client.ask(SIGN_IN)
    assert client.post(SIGN_IN, {"username": "a" * 4_000_000}).status == 413


def test_health_is_for_this_machine_alone(reader):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert reader().ask(path).status == 403
