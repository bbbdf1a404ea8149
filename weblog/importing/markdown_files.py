"""Markdown files with front matter, in a zip or on the disk: what stands in each.

Also run apart from the application: no Django is imported here.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from backoffice.bounded_child import Refused
from weblog.importing.containers import BoundedZip
from weblog.importing.front_matter import Unreadable, split_front_matter
from weblog.importing.inherited import Inherited
from weblog.importing.markdown_text import render_markdown

SUFFIXES = (
    *(".md", ".markdown", ".mdx", ".mkd", ".mkdn", ".mkdown", ".mdown", ".mdwn", ".mdtxt"),
    *(".mdtext", ".qmd", ".rmd"),
)
HTML_SUFFIXES = (".html", ".htm")
TEXT_SUFFIXES = (".textile", ".adoc", ".asciidoc", ".rst", ".org", ".txt", ".pandoc")
LARGEST_FILE = 5_000_000
MOST_FILES = 100_000


def read_zip(file: BinaryIO, most: int | None = None) -> Iterator[dict]:
    """Yield a record for each file, as read_file does, and {skipped: True} for other files.

    A folder that holds all of it does not count. Raises TooManyRecords before the first if there
    are more than `most`.
    """
    try:
        archive = BoundedZip(file, most)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Refused(f"{{name}} is no zip file, or is damaged: {error}.") from error
    if len(archive.infolist()) > MOST_FILES:
        raise Refused(f"{{name}} holds more than {MOST_FILES:,} files. Split it.")
    entries = sorted(
        (entry for entry in archive.infolist() if not entry.is_dir()),
        key=lambda entry: entry.filename,
    )
    entries = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
    tops = {entry.filename.partition("/")[0] for entry in entries}
    strip = f"{tops.pop()}/" if len(tops) == 1 and len(entries) > 1 else ""
    files = [(entry.filename, partial(_unpack, archive, entry)) for entry in entries]
    inherited = Inherited(files)
    for path, read in files:
        record = read_file(path.removeprefix(strip), read)
        yield inherited.fill_in(record, path) | {"inside": strip}


def _unpack(archive, entry):
    if entry.file_size > LARGEST_FILE:  # zipfile reads no more than it says
        raise Refused(f"{{name}}, {entry.filename}: larger than 5 MB unpacked.")
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise Refused(
            f"{{name}}, {entry.filename}: cannot be unpacked ({error}). Pack the folder again, "
            "without a password."
        ) from error


def read_file(path: str, read: Callable[[], bytes]) -> dict:
    """Return {path, values, body, notes} of a post, {path, problem}, or {skipped: its kind}."""
    name = PurePosixPath(path).name
    suffix = PurePosixPath(path).suffix.lower()
    if name.startswith(".") or suffix not in SUFFIXES + HTML_SUFFIXES:
        return {"skipped": f"{suffix} files" if suffix in TEXT_SUFFIXES else "other files"}
    if name.lower().startswith("_index."):
        return {"skipped": "list pages (_index)"}
    try:
        text = read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} is not UTF-8. Save the file as UTF-8."
        return {"path": path, "problem": problem}
    try:
        found = split_front_matter(text)
    except Unreadable as error:
        return {"path": path, "problem": str(error)}
    if suffix in HTML_SUFFIXES:
        if found is None:
            return {"skipped": "other files"}
        return {"path": path, "values": found[0], "body": found[1], "notes": {}}
    if found is None:
        problem = (
            "line 1: there is no front matter between two lines of ---, or of +++, and no JSON."
        )
        return {"path": path, "problem": problem}
    values, text = found
    body, notes = render_markdown(text, is_jsx=suffix == ".mdx")
    return {"path": path, "values": values, "body": body, "notes": notes}
