"""Recognises the format of a file."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from weblog.errors import ImportRefused
from weblog.importing import apart
from weblog.importing.containers import GZIP, TooManyRecords, list_names
from weblog.importing.ghost import GhostExport
from weblog.importing.markdown import MarkdownFolder, MarkdownZip
from weblog.importing.markdown_files import SUFFIXES
from weblog.importing.wordpress import WordPressExport

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

type FileSource = WordPressExport | GhostExport | MarkdownZip


@contextmanager
def open_apart(file: BinaryIO, name: str, *, site: str = "") -> Iterator[FileSource]:
    """Open an upload; a process of its own reads it. Raises ImportRefused.

    `site` is the address of the old site, from which pictures come that name only a place on it.
    """
    source = open_source(file, name, is_apart=True)
    source.records.site = site
    try:
        source.records.read_ahead()
        yield source
    finally:
        source.records.close()


def open_source(file: BinaryIO, name: str, *, is_apart: bool = False) -> FileSource:
    """Return the reader of `file`, by its first bytes, not its name. Raises ImportRefused."""
    start = _read_start(file)
    file.seek(0)
    if start[1:2] == b"\0" or start[:1] == b"\0":
        start = start.replace(b"\0", b"")  # UTF-16
    if start.startswith(b"<"):
        return WordPressExport(file, name, is_apart=is_apart)
    if start.startswith(b"{"):
        return GhostExport(file, name, is_apart=is_apart)
    if zipfile.is_zipfile(file):
        return _open_zip(file, name, is_apart)
    raise ImportRefused(
        f"{name} is none of the files that can be read here: a WordPress export (.xml), a Ghost "
        "export (.json), or a zip of Markdown files. An export may lie in a zip, or be packed with "
        "gzip."
    )


def _read_start(file):
    """Return the first bytes of a file, or of what gzip packed, without white space."""
    start = file.read(512)
    file.seek(0)
    if start.startswith(GZIP):
        try:
            with gzip.open(file) as unpacked:
                start = unpacked.read(512)
        except (OSError, EOFError, zlib.error):
            return b""
    for mark in (BYTE_ORDER_MARK, b"\xff\xfe", b"\xfe\xff"):
        start = start.removeprefix(mark)
    if not start.strip():
        file.seek(0)
        start = file.read(100_000)  # white space before the export
    return start.removeprefix(BYTE_ORDER_MARK).lstrip()


def _open_zip(file, name, is_apart):
    """Return the reader of the files in a zip, by their endings. Markdown comes before others."""
    file.seek(0)
    try:
        names = list_names(file, apart.MOST_RECORDS if is_apart else None)
    except TooManyRecords as error:
        raise ImportRefused(apart.TOO_MANY.replace("{name}", name)) from error
    except (zipfile.BadZipFile, ValueError, OSError):
        names = []
    file.seek(0)
    endings = {PurePosixPath(each).suffix.lower() for each in names}
    if not endings.intersection(SUFFIXES):
        if ".xml" in endings:
            return WordPressExport(file, name, is_apart=is_apart)
        if ".json" in endings:
            return GhostExport(file, name, is_apart=is_apart)
    return MarkdownZip(file, name, is_apart=is_apart)


@contextmanager
def open_path(path: Path, *, site: str = "") -> Iterator[FileSource | MarkdownFolder]:
    """Open a file, or a folder of Markdown files, as it lies on the disk. Raises ImportRefused."""
    if path.is_dir():
        yield MarkdownFolder(path, site=site)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror}.") from error
    with file:
        source = open_source(file, path.name)
        source.records.site = site
        yield source
