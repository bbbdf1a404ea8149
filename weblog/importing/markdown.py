"""Markdown files with front matter, as Jekyll, Hugo and Eleventy keep them: a folder, or a zip.

What reads them is weblog.importing.markdown_files.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.utils.text import slugify

from weblog.importing.markdown_files import read_file, read_zip
from weblog.importing.posts import (
    Person,
    Post,
    clean_title,
    set_body,
    set_publish_at,
    set_summary,
)
from weblog.importing.records import Records
from weblog.models import Blog

DATED_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)")


class MarkdownFolder:
    """The Markdown files in a folder and its subfolders, sorted by name."""

    kind = "Markdown"

    def __init__(self, folder: Path):
        self.name = folder.name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self.records: Iterable[dict] = _FolderRecords(folder)

    def read_posts(self) -> Iterator[Post]:
        self.skipped.clear()
        for record in self.records:
            if "skipped" in record:
                self.skipped["other files"] += 1
            else:
                yield _read_post(record, self.people)


class MarkdownZip(MarkdownFolder):
    """The Markdown files in a zip, without an outermost folder that holds them all."""

    def __init__(self, file: BinaryIO, name: str, *, is_apart: bool = False):
        super().__init__(Path(name))
        self.records: Records = Records(read_zip, file, name, is_apart=is_apart)


class _FolderRecords:
    def __init__(self, folder: Path):
        self._folder = folder

    def __iter__(self):
        for path in sorted(self._folder.rglob("*")):
            if path.is_file():
                yield read_file(path.relative_to(self._folder).as_posix(), path.read_bytes)


def _read_post(record, people):
    path = record["path"]
    post = Post(f"markdown:{path}", path, clean_title(""))
    if problem := record.get("problem"):
        post.problems.append(problem)
        return post
    _fill_post(post, record["values"], PurePosixPath(path).stem, people)
    if record["had_tags"]:
        post.notes.append("template tags left out of the text")
    set_body(post, record)
    return post


def _fill_post(post, values, stem, people):
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


def _first(values, *names):
    """Return the first of these that is present, as text."""
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
