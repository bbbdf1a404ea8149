"""Access log files: how they are packed, where lines end, and their digest."""

import bz2
import contextlib
import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from billing.errors import UnreadableAccessLog

LONGEST_LINE = 65_536  # bytes; no line of a web server comes near
READ_SIZE = 262_144
CHECKED_BYTES = 65_536  # unpacked, between two looks at how much it is by now
FEW_LINES, SHORTEST_LINE = 10_000, 40  # and after these, bytes on average
MOST_EMPTY = 2_000_000  # bytes of a packed file before it yields as many: it may be made of ends

GZIP, BZIP2 = b"\x1f\x8b", b"BZh"
SUFFIXES = {".gz": (GZIP, "gzip"), ".bz2": (BZIP2, "bzip2")}
NOT_READ = {
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\xfd7zXZ": "an xz file",
    b"PK\x03\x04": "a zip archive",
}


@contextlib.contextmanager
def open_access_log(path: Path) -> Iterator[BinaryIO]:
    """Return the file, opened as raw bytes. Raises UnreadableAccessLog."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableAccessLog(f"{path} can't be read: {error.strerror}.") from error
    with file:
        yield file


class LogFile:
    """A plain, gzip or bzip2 log, recognised by its first bytes and read once to its end."""

    def __init__(self, file: BinaryIO, file_name: str, *, most_bytes: int | None = None):
        """Raises UnreadableAccessLog, as reading does after more than `most_bytes` unpacked."""
        self._source = _Source(file)
        self._most_bytes = most_bytes
        with _told_plainly():
            self._file = _unpack(io.BufferedReader(self._source, READ_SIZE), file_name)

    @property
    def bytes_read(self) -> int:
        """Return the number of bytes read so far, counted as they lie on the disk."""
        return self._source.bytes_read

    def read_lines(self) -> Iterator[bytes]:
        """Yield the lines without their ends; an empty one for a line over LONGEST_LINE.

        Raises UnreadableAccessLog.
        """
        with _told_plainly():
            size = lines = due = 0
            while line := self._file.readline(LONGEST_LINE):
                size += len(line)
                lines += 1
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    while line and not line.endswith(b"\n"):
                        line = self._file.readline(LONGEST_LINE)
                        size += len(line)
                        self._check(size, lines)
                    line = b""
                if size >= due:
                    self._check(size, lines)
                    due = size + CHECKED_BYTES
                yield line.rstrip(b"\r\n")
            self._check(size, lines)

    def sha256(self) -> str:
        """Return the SHA-256 of the whole file on the disk, packed or not."""
        self._source.most_bytes = sys.maxsize
        with _told_plainly():
            while self._source.read(READ_SIZE):
                pass
        return self._source.digest.hexdigest()

    def _check(self, size: int, lines: int) -> None:
        self._source.most_bytes = size + MOST_EMPTY
        if self._most_bytes is None:
            return
        if lines > (most_lines := FEW_LINES + self._most_bytes // SHORTEST_LINE):
            raise UnreadableAccessLog(
                f"The file has more than {most_lines:,} lines. Import it with “manage.py "
                "import_access_log”, or in parts."
            )
        if size > self._most_bytes:
            raise UnreadableAccessLog(
                f"Unpacked, the file is larger than {self._most_bytes // 10**6} MB. Import it "
                "with “manage.py import_access_log”, or in parts."
            )


class _Source(io.RawIOBase):
    """Passes the bytes of a file on, counts them and hashes them."""

    def __init__(self, file: BinaryIO):
        super().__init__()
        self.file = file
        self.digest = hashlib.sha256()
        self.bytes_read = 0
        self.most_bytes = MOST_EMPTY

    def readable(self):
        return True

    def readinto(self, buffer):
        size = self.file.readinto(buffer)
        self.digest.update(buffer[:size])
        self.bytes_read += size
        if self.bytes_read > self.most_bytes:
            raise OSError("it is packed and empty")
        return size


def _unpack(file: io.BufferedReader, file_name: str) -> io.BufferedIOBase:
    start = file.peek(8)[:8]
    for magic, kind in NOT_READ.items():
        if start.startswith(magic):
            raise UnreadableAccessLog(f"{file_name} is {kind}. Unpack it first.")
    for suffix, (magic, kind) in SUFFIXES.items():
        if file_name.endswith(suffix) and not start.startswith(magic):
            raise UnreadableAccessLog(f"{file_name} is called {suffix}, but it is no {kind} file.")
    if start.startswith(GZIP):
        return gzip.GzipFile(fileobj=file)
    if start.startswith(BZIP2):
        return io.BufferedReader(bz2.BZ2File(file), READ_SIZE)
    return file


@contextlib.contextmanager
def _told_plainly() -> Iterator[None]:
    """Turn the errors of a broken file into UnreadableAccessLog."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableAccessLog(
            f"The file breaks off or is damaged: {error}. Import the whole file again: no view "
            f"counts twice."
        ) from error
