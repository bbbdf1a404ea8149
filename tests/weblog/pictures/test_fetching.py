"""Other sites are threads at the other end of a pair of sockets; no network is used."""

import contextlib
import socket
import threading

import pytest

from backoffice.bounded_child import Refused
from tests.weblog.picture_files import make_file
from weblog.pictures.fetching import MAX_BYTES, fetch, is_public

pytestmark = pytest.mark.any_database

PUBLIC = "93.184.216.34"
PICTURE = make_file("PNG").read()


def answer(status="200 OK", body=PICTURE, **headers):
    named = {"Content-Type": "image/png", "Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(address, *answers, addresses=(PUBLIC,)):
    """Fetch `address` from sites that give `answers` one after another."""
    asked = []

    def connect(target, seconds):
        asked.append(target)
        return connect_to(answers[len(asked) - 1])

    return fetch(address, resolve=lambda host, port: list(addresses), connect=connect), asked


def connect_to(reply):
    ours, theirs = socket.socketpair()
    threading.Thread(target=_serve, args=(theirs, reply), daemon=True).start()
    return ours


def _serve(side, reply):
    with side, contextlib.suppress(OSError):  # the other side may have enough
        side.recv(10_000)
        side.sendall(reply)


def test_picture_is_fetched_from_the_address_that_was_looked_at():
    content, asked = get("http://pictures.example/a.png?b=ü", answer())
    assert content == PICTURE
    assert asked == [(PUBLIC, 80)]


def test_redirect_is_followed():
    first = answer("302 Found", b"", Location="/b.png")
    assert get("http://pictures.example/a.png", first, answer())[0] == PICTURE


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("file:///etc/passwd", "none of a web page"),
        ("ftp://pictures.example/a.png", "none of a web page"),
        ("//pictures.example/a.png", "none of a web page"),
        ("http://pictures.example:8080/a.png", "names a port"),
        ("http://pictures.example:22/", "names a port"),
        ("http://me@pictures.example/a.png", "names a port or an account"),
        ("http://[::1/a.png", "not spelled as one"),
        ("http://pictures.example:x/a.png", "not spelled as one"),
        ("", "none of a web page"),
    ],
)
def test_other_addresses_are_not_asked(address, message):
    with pytest.raises(Refused, match=message):
        get(address)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], [PUBLIC, "10.0.0.5"], ["169.254.169.254"], ["fe80::1%eth0"], []],
)
def test_host_with_one_private_address_is_refused(addresses):
    with pytest.raises(Refused, match="private network"):
        get("http://pictures.example/a.png", addresses=addresses)


def test_redirect_into_a_private_network_is_refused():
    hosts = {"pictures.example": PUBLIC, "inside.example": "192.168.0.7"}
    first = answer("302 Found", b"", Location="http://inside.example/")

    with pytest.raises(Refused, match="private network"):
        fetch(
            "http://pictures.example/",
            resolve=lambda host, port: [hosts[host]],
            connect=lambda target, seconds: connect_to(first),
        )


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]", "[::]"]
)
def test_own_machine_is_refused_however_it_is_spelled(host):
    with pytest.raises(Refused, match=r"private network|There is no site"):
        fetch(f"http://{host}/")


def test_redirects_without_end_are_refused():
    first = answer("301 Moved", b"", Location="/again")
    with pytest.raises(Refused, match="more than 5 times"):
        get("http://pictures.example/", *[first] * 6)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answer("404 Not Found"), "answers with 404"),
        (answer("302 Found"), "answers with 302"),
        (answer(Content_Type="text/html"), "sends text/html"),
        (answer(Content_Type="image/svg+xml"), "sends image/svg"),
        (answer(Content_Length=str(MAX_BYTES + 1)), "larger than 10 MB"),
        (answer(body=b"x" * (MAX_BYTES + 1), Content_Length="no number"), "larger than 10 MB"),
        (answer(body=b""), "empty"),
        (b"no HTTP at all\r\n\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_what_is_no_picture_is_refused(reply, message):
    with pytest.raises(Refused, match=message):
        get("http://pictures.example/a.png", reply)


@pytest.mark.parametrize(
    ("address", "is_so"),
    [
        (PUBLIC, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::ffff:93.184.216.34", True),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("100.64.0.1", False),
        ("0.0.0.1", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("fd00::1", False),
        ("198.18.0.1", False),
        ("192.0.2.1", False),
        ("255.255.255.255", False),
        ("no address", False),
    ],
)
def test_public_addresses_are_told_from_others(address, is_so):
    assert is_public(address) is is_so
