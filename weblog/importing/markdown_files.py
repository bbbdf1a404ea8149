"""Markdown files with front matter, in a zip or on the disk: what stands in each.

Also run apart from the application: no Django is imported here.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

import yaml
from markdown_it import MarkdownIt

from backoffice.bounded_child import Refused

SUFFIXES = (".md", ".markdown")
LARGEST_FILE = 5_000_000
LONGEST_FRONT_MATTER = 20_000  # characters
MOST_FILES = 100_000

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)(.*)\Z", re.DOTALL)
CODE = re.compile(r"(```.*?```|~~~.*?~~~|`[^`\n]*`)", re.DOTALL)
# Each match ends at the next opening tag, so that many unclosed tags don't scan to the end of the
# text.
ADDRESS_TAG = re.compile(r"""\{\{-?\s*+["']([^"'{}]*+)["']\s*+\|[^{}]*+\}\}""")
TEMPLATE_TAG = re.compile(
    r"\{%(?:[^{%]++|\{(?!%)|%(?!\}))*+%\}"
    r"|\{\{(?:[^{}]++|\{(?!\{)|\}(?!\}))*+\}\}"
    r"|\{#(?:[^{#]++|\{(?!#)|#(?!\}))*+#\}"
)

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class FrontMatterLoader(yaml.BaseLoader):
    """Reads each value as text: a title of 2016 or No stays text. Refuses explosive aliases."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias (*) is not read", problem_mark=mark)
        return super().compose_node(parent, index)


def read_zip(file: BinaryIO) -> Iterator[dict]:
    """Yield a record for each file, as read_file does, and {skipped: True} for other files.

    A folder that holds all of it does not count.
    """
    try:
        archive = zipfile.ZipFile(file)
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
    for entry in entries:
        path = entry.filename.removeprefix(strip)
        yield read_file(path, partial(_unpack, archive, entry))


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
    """Return {path, values, body, had_tags} of a post, {path, problem}, or {skipped: True}."""
    name = PurePosixPath(path).name
    if not name.lower().endswith(SUFFIXES) or name.startswith("."):
        return {"skipped": True}
    try:
        text = read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} is not UTF-8. Save the file as UTF-8."
        return {"path": path, "problem": problem}
    matched = FRONT_MATTER.match(text)
    if matched is None:
        problem = "line 1: there is no front matter between two lines of ---."
        return {"path": path, "problem": problem}
    try:
        values = _load_front_matter(matched[1])
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 2}" if mark else "front matter"
        problem = f"{line}: {getattr(error, 'problem', None) or 'nested too deeply'}."
        return {"path": path, "problem": problem}
    body, found = _drop_template_tags(matched[2])
    return {"path": path, "values": values, "body": MARKDOWN.render(body), "had_tags": found > 0}


def _load_front_matter(text):
    """Return {name: text or list of texts}, and ignore deeper values."""
    if len(text) > LONGEST_FRONT_MATTER:
        raise yaml.MarkedYAMLError(
            problem=f"the front matter is longer than {LONGEST_FRONT_MATTER:,} characters"
        )
    # Tabs at the end of a line mean nothing and stop YAML all the same.
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    values = yaml.load(text, FrontMatterLoader)  # noqa: S506 (builds nothing but text)
    if not isinstance(values, dict):
        raise yaml.MarkedYAMLError(problem="the front matter is no list of “name: value”")
    return {
        name: [each for each in value if isinstance(each, str)]
        if isinstance(value, list)
        else value
        for name, value in values.items()
        if isinstance(name, str) and isinstance(value, str | list)
    }


def _drop_template_tags(text) -> tuple[str, int]:
    """Remove the template tags of site generators, except in code."""
    pieces = CODE.split(text)
    found = 0
    for index in range(0, len(pieces), 2):
        with_addresses = ADDRESS_TAG.sub(r"\1", pieces[index])
        pieces[index], tags = TEMPLATE_TAG.subn("", with_addresses)
        found += tags
    return "".join(pieces), found
