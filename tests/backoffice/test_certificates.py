"""The certificate at SITE_URL, asked of a server of our own."""

import contextlib
import ssl
import subprocess
import threading
from socketserver import BaseRequestHandler, TCPServer

import pytest
from django.core.checks import Tags, registry

from backoffice.certificates import check_certificate

pytestmark = pytest.mark.any_database


class Silent(BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            self.request.do_handshake()


@pytest.fixture
def serve(tmp_path, settings, monkeypatch):
    """Return a function that serves a certificate at SITE_URL, and says whether it is trusted."""
    servers = []

    def serve(*, days, name="localhost", is_trusted=True):
        certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", str(days), "-subj", f"/CN={name}", "-addext",
             f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = TCPServer(("127.0.0.1", 0), Silent)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.SITE_URL = f"https://localhost:{server.server_address[1]}"
        if is_trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def look():
    return [(each.id, each.msg) for each in check_certificate(None, databases=["default"])]


def test_trusted_one_is_right(serve):
    serve(days=60)
    assert look() == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"is_trusted": False}, "self-signed certificate"),
        ({"name": "elsewhere.example.org"}, "Hostname mismatch"),
    ],
)
def test_one_that_browsers_refuse_is_named(serve, options, why):
    serve(days=60, **options)
    ((number, said),) = look()
    assert number == "backoffice.W050"
    assert why in said


def test_one_that_soon_ends_is_named(serve):
    serve(days=10)
    ((number, said),) = look()
    assert number == "backoffice.W052"
    assert "ends in 9 days" in said


def test_site_that_does_not_answer_is_said_not_guessed(serve, settings):
    settings.SITE_URL = "https://localhost:1"
    ((number, said),) = look()
    assert number == "backoffice.I051"
    assert "Nobody answers at https://localhost:1" in said


def test_nothing_is_asked_without_tls(serve, settings):
    serve(days=60, is_trusted=False)
    settings.SITE_URL = "http://localhost"
    assert look() == []


def test_it_is_asked_with_the_database_alone():
    """`check --deploy`, which `make lint` runs without a network, asks nobody."""
    assert check_certificate in registry.registry.deployment_checks
    assert check_certificate.tags == (Tags.database,)
