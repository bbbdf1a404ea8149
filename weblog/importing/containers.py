"""Exports as they are packed: alone, with gzip, or in a zip. Imports no Django."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from backoffice.bounded_child import Refused

GZIP = b"\x1f\x8b"
MOST_PARTS = 1_000
LARGEST_PART = 4_000_000_000
BROKEN = (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError, zlib.error)
# XML and JSON hold none of these, but WordPress writes what stands in its database.
CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])


class TooManyRecords(Exception):
    """The file holds more than its reader was told to take. It shows before they are read."""


class BoundedZip(zipfile.ZipFile):
    """A zip whose directory is read up to `most` files, whatever it says of its size.

    Raises TooManyRecords where there are more.
    """

    def __init__(self, file: BinaryIO, most: int | None = None):
        self._directory = _Directory(most)
        super().__init__(file)

    @property
    def filelist(self) -> list[zipfile.ZipInfo]:
        return self._directory

    @filelist.setter
    def filelist(self, entries: list[zipfile.ZipInfo]) -> None:
        self._directory[:] = entries


class _Directory(list):
    def __init__(self, most: int | None):
        super().__init__()
        self._most = most

    def append(self, entry: zipfile.ZipInfo) -> None:
        if self._most is not None and len(self) >= self._most:
            raise TooManyRecords
        super().append(entry)


def list_names(file: BinaryIO, most: int | None = None) -> list[str]:
    """Return the names of the files in a zip, without those that a Mac adds.

    Raises TooManyRecords if there are more than `most`.
    """
    with BoundedZip(file, most) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    return [name for name in names if is_of_use(name)]


def is_of_use(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and parts[0] != "__MACOSX" and not parts[-1].startswith(".")


def open_parts(file: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    """Yield the files with an export in `file`: itself, what gzip packed, or those in a zip."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    try:
        if start.startswith(GZIP):
            with gzip.open(file) as unpacked:
                yield cast(BinaryIO, unpacked)
        elif start == b"PK\x03\x04":
            yield from _open_zip(file, suffix)
        else:
            yield file
    except BROKEN as error:
        if isinstance(error, ValueError) and not isinstance(error, zipfile.BadZipFile):
            raise
        raise Refused(f"{{name}} cannot be unpacked ({error}). Pack it again.") from error


def _open_zip(file, suffix):
    with zipfile.ZipFile(file) as archive:
        entries = [
            entry
            for entry in archive.infolist()
            if is_of_use(entry.filename) and entry.filename.lower().endswith(suffix)
        ]
        if len(entries) > MOST_PARTS or any(entry.file_size > LARGEST_PART for entry in entries):
            raise Refused("{name} holds too many files, or one that is too large. Unpack it.")
        for entry in sorted(entries, key=lambda entry: entry.filename):
            with archive.open(entry) as part:
                yield cast(BinaryIO, part)


class CleanText:
    """Reads a file without white space before its first sign, and without control characters."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._is_new = True
        self.dropped = 0

    def read(self, size: int = -1) -> bytes:
        while chunk := self._file.read(size):
            if self._is_new:
                chunk = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
                if not chunk:
                    continue
                self._is_wide = chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in chunk[:4]
                self._is_new = False
            if self._is_wide:
                return chunk
            cleaned = chunk.translate(None, CONTROLS)
            self.dropped += len(chunk) - len(cleaned)
            if cleaned:
                return cleaned
        return b""
