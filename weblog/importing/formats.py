"""Recognises the format of a file."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from weblog.errors import ImportRefused
from weblog.importing.ghost import GhostExport
from weblog.importing.markdown import MarkdownFolder, MarkdownZip
from weblog.importing.wordpress import WordPressExport

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

type FileSource = WordPressExport | GhostExport | MarkdownZip


@contextmanager
def open_apart(file: BinaryIO, name: str) -> Iterator[FileSource]:
    """Open an upload; a process of its own reads it. Raises ImportRefused."""
    source = open_source(file, name, is_apart=True)
    try:
        yield source
    finally:
        source.records.close()


def open_source(file: BinaryIO, name: str, *, is_apart: bool = False) -> FileSource:
    """Return the reader of `file`, by its first bytes, not its name. Raises ImportRefused."""
    start = file.read(512).removeprefix(BYTE_ORDER_MARK).lstrip()
    file.seek(0)
    if start.startswith(b"<"):
        return WordPressExport(file, name, is_apart=is_apart)
    if start.startswith(b"{"):
        return GhostExport(file, name, is_apart=is_apart)
    if zipfile.is_zipfile(file):
        file.seek(0)
        return MarkdownZip(file, name, is_apart=is_apart)
    raise ImportRefused(
        f"{name} is none of the files that can be read here: a WordPress export (.xml), a Ghost "
        "export (.json), or a zip of Markdown files."
    )


@contextmanager
def open_path(path: Path) -> Iterator[FileSource | MarkdownFolder]:
    """Open a file, or a folder of Markdown files, as it lies on the disk. Raises ImportRefused."""
    if path.is_dir():
        yield MarkdownFolder(path)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror}.") from error
    with file:
        yield open_source(file, path.name)
