"""Markdown files with front matter, as Jekyll, Hugo and Eleventy keep them: a folder, or a zip."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import yaml
from django.utils.text import slugify
from markdown_it import MarkdownIt

from weblog.errors import ImportRefused
from weblog.importing.posts import (
    Person,
    Post,
    clean_title,
    set_body,
    set_publish_at,
    set_summary,
)
from weblog.models import Blog

SUFFIXES = (".md", ".markdown")
LARGEST_FILE = 5_000_000
LONGEST_FRONT_MATTER = 20_000  # characters
MOST_FILES = 100_000

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)(.*)\Z", re.DOTALL)
DATED_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)")
CODE = re.compile(r"(```.*?```|~~~.*?~~~|`[^`\n]*`)", re.DOTALL)
# Each up to the next that is opened: of many left open, none is looked for to the end of the text.
ADDRESS_TAG = re.compile(r"""\{\{-?\s*+["']([^"'{}]*+)["']\s*+\|[^{}]*+\}\}""")
TEMPLATE_TAG = re.compile(
    r"\{%(?:[^{%]++|\{(?!%)|%(?!\}))*+%\}"
    r"|\{\{(?:[^{}]++|\{(?!\{)|\}(?!\}))*+\}\}"
    r"|\{#(?:[^{#]++|\{(?!#)|#(?!\}))*+#\}"
)

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class FrontMatterLoader(yaml.BaseLoader):
    """Every value is text: a title of 2016 or No stays one. Aliases, which can blow up, are not."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias (*) is not read", problem_mark=mark)
        return super().compose_node(parent, index)


class MarkdownFolder:
    """The Markdown files in a folder and in those under it, in the order of their names."""

    kind = "Markdown"

    def __init__(self, folder: Path):
        self.name = folder.name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self._folder = folder

    def read_posts(self) -> Iterator[Post]:
        self.skipped.clear()
        for path, read in self._files():
            yield _read_post(path, read, self.people)

    def _files(self):
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and self._is_post(path.name):
                yield path.relative_to(self._folder).as_posix(), path.read_bytes

    def _is_post(self, name):
        if name.lower().endswith(SUFFIXES) and not name.startswith("."):
            return True
        self.skipped["other files"] += 1
        return False


class MarkdownZip(MarkdownFolder):
    """The same in a zip: a folder that holds all of it does not count."""

    def __init__(self, file: BinaryIO, name: str):
        super().__init__(Path(name))
        try:
            self._zip = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise ImportRefused(f"{name} is no zip file, or is damaged: {error}.") from error
        if len(self._zip.infolist()) > MOST_FILES:
            raise ImportRefused(f"{name} holds more than {MOST_FILES:,} files. Split it.")

    def _files(self):
        entries = sorted(
            (entry for entry in self._zip.infolist() if not entry.is_dir()),
            key=lambda entry: entry.filename,
        )
        entries = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
        tops = {PurePosixPath(entry.filename).parts[0] for entry in entries}
        strip = f"{tops.pop()}/" if len(tops) == 1 and len(entries) > 1 else ""
        for entry in entries:
            if self._is_post(PurePosixPath(entry.filename).name):
                yield entry.filename.removeprefix(strip), lambda entry=entry: self._read(entry)

    def _read(self, entry):
        if entry.file_size > LARGEST_FILE:  # zipfile reads no more than it says
            raise ImportRefused(f"{self.name}, {entry.filename}: larger than 5 MB unpacked.")
        try:
            return self._zip.read(entry)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
            raise ImportRefused(
                f"{self.name}, {entry.filename}: cannot be unpacked ({error}). Pack the folder "
                "again, without a password."
            ) from error


def _read_post(path, read, people):
    post = Post(f"markdown:{path}", path, clean_title(""))
    try:
        text = read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        post.problems.append(f"byte {error.start + 1} is not UTF-8. Save the file as UTF-8.")
        return post
    matched = FRONT_MATTER.match(text)
    if matched is None:
        post.problems.append("line 1: there is no front matter between two lines of ---.")
        return post
    try:
        values = _load_front_matter(matched[1])
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 2}" if mark else "front matter"
        post.problems.append(f"{line}: {getattr(error, 'problem', None) or 'nested too deeply'}.")
        return post
    _fill_post(post, values, matched[2], PurePosixPath(path).stem, people)
    return post


def _load_front_matter(text):
    if len(text) > LONGEST_FRONT_MATTER:
        raise yaml.MarkedYAMLError(
            problem=f"the front matter is longer than {LONGEST_FRONT_MATTER:,} characters"
        )
    # Tabs at the end of a line mean nothing and stop YAML all the same.
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    values = yaml.load(text, FrontMatterLoader)  # noqa: S506 (builds nothing but text)
    if not isinstance(values, dict):
        raise yaml.MarkedYAMLError(problem="the front matter is no list of “name: value”")
    return values


def _fill_post(post, values, body, stem, people):
    dated = DATED_NAME.fullmatch(stem)
    post.title = clean_title(_first(values, "title"))
    post.slug = slugify(_first(values, "slug") or (dated[2] if dated else stem))
    post.authors = _names(values, "authors", "author")
    post.categories = _names(values, "categories", "category")
    set_summary(post, _first(values, "summary", "excerpt", "description"))
    for name in post.authors:
        first, _, last = name.rpartition(" ")
        people.setdefault(name, Person(name, first, last) if first else Person(name))
    if date := _first(values, "date", "publishdate"):
        set_publish_at(post, date, field="date")
    elif dated:
        set_publish_at(post, dated[1], field="file name")
    is_draft = _first(values, "draft") == "true" or _first(values, "published") == "false"
    post.status = Blog.Status.DRAFT if is_draft else Blog.Status.PUBLISHED
    set_body(post, MARKDOWN.render(_drop_template_tags(post, body)))


def _drop_template_tags(post, text):
    """Leave out what a site generator would have filled in; code is left as it is."""
    pieces = CODE.split(text)
    found = 0
    for index in range(0, len(pieces), 2):
        with_addresses = ADDRESS_TAG.sub(r"\1", pieces[index])
        pieces[index], tags = TEMPLATE_TAG.subn("", with_addresses)
        found += tags
    if found:
        post.notes.append("template tags left out of the text")
    return "".join(pieces)


def _first(values, *names):
    """Return the first of these that is there, as text."""
    for name in names:
        if isinstance(value := values.get(name), str) and value.strip():
            return value.strip()
    return ""


def _names(values, *names):
    for name in names:
        found = values.get(name)
        found = [found] if isinstance(found, str) else found
        if isinstance(found, list):
            texts = [each.strip() for each in found if isinstance(each, str)]
            return list(dict.fromkeys(text for text in texts if text))
    return []
