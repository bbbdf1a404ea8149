"""Asks a virus scanner about a file, if VIRUS_SCANNER names one.

`clamd:/run/clamav/clamd.ctl` and `clamd:HOST:PORT` speak INSTREAM, the command by which clamd reads
a file from its socket (clamd(8)). Anything else is a command that gets the file on its standard
input and ends with 0 for clean and 1 for infected, as clamdscan and clamscan do.
"""

import shlex
import socket
import struct
import subprocess

from django.conf import settings

from backoffice.errors import Refusal

SECONDS = 60
BYTES_AT_A_TIME = 64 * 1024
LONGEST_ANSWER = 4_096


class Infected(Refusal):
    pass


class ScannerAway(Refusal):
    pass


def scan(content: bytes, *, name: str) -> bool:
    """Return whether a scanner looked at the file. Raises Infected and ScannerAway."""
    scanner = settings.VIRUS_SCANNER
    if not scanner:
        return False
    try:
        found = _ask_clamd(scanner, content) if _is_clamd(scanner) else _run(scanner, content)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ScannerAway(
            f"The virus scanner did not answer, so “{name}” was not taken. Try again in a few "
            "minutes, or tell the administrators. Your comment can be sent without the file."
        ) from error
    if found:
        raise Infected(f"The virus scanner found {found} in “{name}”. It was not taken.")
    return True


def _is_clamd(scanner: str) -> bool:
    return scanner.startswith("clamd:")


def _connect(scanner: str) -> socket.socket:
    where = scanner.removeprefix("clamd:")
    if where.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS)
        try:
            connection.connect(where)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = where.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)


def _ask_clamd(scanner: str, content: bytes) -> str:
    """Return the name of what clamd found, or an empty text."""
    with _connect(scanner) as connection:
        connection.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), BYTES_AT_A_TIME):
            part = content[start : start + BYTES_AT_A_TIME]
            connection.sendall(struct.pack("!L", len(part)) + part)
        connection.sendall(struct.pack("!L", 0))
        answer = b""
        while b"\0" not in answer and len(answer) < LONGEST_ANSWER:
            if not (part := connection.recv(LONGEST_ANSWER)):
                break
            answer += part
    text = answer.partition(b"\0")[0].decode("ascii", "replace").strip()
    if text == "stream: OK":
        return ""
    if text.startswith("stream: ") and text.endswith(" FOUND"):
        return text.removeprefix("stream: ").removesuffix(" FOUND")
    raise ValueError(text)  # such as “INSTREAM size limit exceeded. ERROR”


def _run(command: str, content: bytes) -> str:
    done = subprocess.run(
        shlex.split(command), input=content, capture_output=True, timeout=SECONDS, check=False
    )
    if done.returncode not in (0, 1):
        raise ValueError(done.returncode)
    return "a virus" if done.returncode else ""
