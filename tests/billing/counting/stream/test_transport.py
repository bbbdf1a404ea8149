"""A server of tls:// is given no password without TLS, whatever the server says."""

import json
import socket
import threading

import pytest

from billing.counting.stream.client import Client
from tests.billing.counting.stream.brokers import wait_for

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


class PlainServer:
    """Says that it needs no TLS, and notes what it is told: so would somebody on the way."""

    def __init__(self):
        self.heard, self.visits = b"", 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        info = json.dumps({"server_id": "a", "version": "2.12.0", "max_payload": 1024})
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            with connection:
                connection.settimeout(5)
                connection.sendall(b"INFO " + info.encode() + b"\r\n")
                try:
                    while part := connection.recv(4096):
                        self.heard += part
                        if b"PING" in part:
                            connection.sendall(b"PONG\r\n")
                except OSError:
                    pass
                self.visits += 1

    def close(self):
        self._socket.close()


@pytest.fixture
def plain():
    server = PlainServer()
    yield server
    server.close()


@pytest.fixture
def connect(settings):
    clients = []

    def connect(url):
        settings.VIEWS_BROKER = [url]
        clients.append(Client(name="test"))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_password_is_not_sent_in_plain_where_tls_is_asked_for(plain, connect):
    client = connect(f"tls://u:the-password@127.0.0.1:{plain.port}")
    wait_for(lambda: plain.visits)
    assert plain.heard == b""
    assert not client.is_connected


def test_server_of_this_machine_needs_no_tls(plain, connect):
    client = connect(f"nats://u:the-password@127.0.0.1:{plain.port}")
    wait_for(lambda: client.is_connected)
    assert b"the-password" in plain.heard
