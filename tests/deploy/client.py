"""A reader of the site behind nginx, with an address of 127.0.0.0/8."""

import http.client
import re
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.deploy.servers import HOST


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    seconds: float


class Reader:
    """Keeps its connection and its cookies, as a browser does."""

    def __init__(self, port: int, folder, *, address="127.0.0.1", timeout=60):
        self.context = ssl.create_default_context(cafile=folder / "fullchain.pem")
        self.port, self.address, self.timeout = port, address, timeout
        self.connection, self.cookies = None, {}

    def ask(self, path, *, method="GET", body=None, host=HOST, **headers) -> Answer:
        start = time.monotonic()
        if self.connection is None:
            self.connection = self._connect()
        headers = {"Host": host, "User-Agent": "Mozilla/5.0 Firefox/140.0"} | headers
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, value = re.match(r"([^=]+)=([^;]*)", cookie).groups()
            self.cookies[name] = value
        if response.will_close:
            self.close()
        return Answer(response.status, dict(response.headers), text, time.monotonic() - start)

    def post(self, path, data, **headers) -> Answer:
        token = next((value for key, value in self.cookies.items() if "csrftoken" in key), "")
        return self.ask(
            path, method="POST", body=urlencode({"csrfmiddlewaretoken": token} | data),
            **{"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}",
               "Referer": f"https://{HOST}{path}"} | headers,
        )  # fmt: skip

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def _connect(self):
        connection = http.client.HTTPSConnection(
            HOST, self.port, context=self.context, timeout=self.timeout
        )
        # The name is in no DNS: the connection goes to this machine, and the certificate is
        # compared with the name.
        connection._create_connection = lambda *_: socket.create_connection(
            ("127.0.0.1", self.port), self.timeout, source_address=(self.address, 0)
        )
        return connection


def read_steadily(port: int, folder, address: str, seconds: float) -> list[tuple[int, float]]:
    """Ask for the front page five times a second, and return status and seconds of each.

    Status 0 is no answer. For a process of its own: what else the tests do must not slow it.
    """
    reader, answers = Reader(port, folder, address=address), []
    end = time.monotonic() + seconds
    while (start := time.monotonic()) < end:
        try:
            status = reader.ask("/").status
        except (OSError, http.client.HTTPException):
            status = 0
        answers.append((status, time.monotonic() - start))
        time.sleep(0.2)
    reader.close()
    return answers
