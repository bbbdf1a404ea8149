"""A virus scanner that answers, finds something, or is away."""

import socket
import struct
import sys
import threading

import pytest

from backoffice.virus_scanner import Infected, ScannerAway, scan

pytestmark = pytest.mark.any_database

EICAR = b"EICAR"


@pytest.fixture
def clamd(tmp_path):
    """Start a server that reads one INSTREAM and answers, on a socket; return its address."""
    servers = []

    def start(answer=None):
        path = str(tmp_path / "clamd.ctl")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
        servers.append(server)
        thread = threading.Thread(target=serve, args=(server, answer), daemon=True)
        thread.start()
        return f"clamd:{path}"

    yield start
    for server in servers:
        server.close()


def serve(server, answer):
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as stream:
        assert stream.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", stream.read(4))[0]:
            content += stream.read(size)
        found = b"stream: Eicar-Test FOUND\0" if EICAR in content else b"stream: OK\0"
        connection.sendall(found if answer is None else answer)


def test_without_a_scanner_nothing_is_asked(settings):
    settings.VIRUS_SCANNER = ""
    assert scan(EICAR, name="a.txt") is False


def test_clean_file_of_many_parts_is_taken(settings, clamd):
    settings.VIRUS_SCANNER = clamd()
    assert scan(b"x" * 200_000, name="a.txt") is True


def test_infected_file_is_refused_with_what_was_found(settings, clamd):
    settings.VIRUS_SCANNER = clamd()
    with pytest.raises(Infected, match="found Eicar-Test in “a"):
        scan(b"x" * 100_000 + EICAR, name="a.txt")


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: O\0"])
def test_answer_that_says_nothing_takes_nothing(settings, clamd, answer):
    settings.VIRUS_SCANNER = clamd(answer)
    with pytest.raises(ScannerAway, match="did not answer"):
        scan(b"x", name="a.txt")


@pytest.mark.parametrize(
    "scanner", ["clamd:/nowhere", "clamd:127.0.0.1:1", "/no/such/command", "'"]
)
def test_scanner_that_is_away_takes_nothing(settings, scanner):
    settings.VIRUS_SCANNER = scanner
    with pytest.raises(ScannerAway, match="Try again in a few minutes"):
        scan(b"x", name="a.txt")


@pytest.mark.parametrize(("code", "error"), [(0, None), (1, Infected), (2, ScannerAway)])
def test_command_answers_by_how_it_ends(settings, code, error):
    program = f"import sys; sys.exit({code} if sys.stdin.buffer.read() == b'x' else 9)"
    settings.VIRUS_SCANNER = f'{sys.executable} -c "{program}"'
    if error is None:
        assert scan(b"x", name="a.txt") is True
        return
    with pytest.raises(error):
        scan(b"x", name="a.txt")
