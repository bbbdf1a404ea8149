"""Markdown files with front matter, as Jekyll, Hugo, Eleventy and others keep them.

They come as a folder, or as a zip.

What reads them is weblog.importing.markdown_files.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from weblog.importing.front_matter import list_texts
from weblog.importing.inherited import Inherited
from weblog.importing.markdown_files import read_file, read_zip
from weblog.importing.posts import (
    Person,
    Post,
    clean_title,
    read_moment,
    set_body,
    set_lead,
    set_slug,
    set_summary,
    set_title,
)
from weblog.importing.records import Records
from weblog.importing.states import EXPIRIES, find_fields, pick_dates, read_state
from weblog.models import Blog

DATED_NAME = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})[-_ ](.+)")
LANGUAGE = re.compile(r"(.+)\.([a-z]{2,3}(?:-[a-zA-Z]{2,4})?)")  # Hugo: post.fr.md
LEAD_PICTURES = (
    "image",
    "cover",
    "featured_image",
    "featuredimage",
    "thumbnail",
    "heroimage",
    "hero",
)
STATES = {
    "published": Blog.Status.PUBLISHED,
    "scheduled": Blog.Status.PUBLISHED,
    "in review": Blog.Status.IN_REVIEW,
    "archived": Blog.Status.ARCHIVED,
    "draft": Blog.Status.DRAFT,
}


class MarkdownFolder:
    """The Markdown files in a folder and its subfolders, sorted by name."""

    kind = "Markdown"

    def __init__(self, folder: Path, *, site: str = ""):
        self.name = folder.name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self.records: Iterable[dict] = _FolderRecords(folder, site)

    def read_posts(self) -> Iterator[Post]:
        self.skipped.clear()
        for record in self.records:
            if "skipped" in record:
                self.skipped[record["skipped"]] += 1
            else:
                yield _read_post(record, self.people)


class MarkdownZip(MarkdownFolder):
    """The Markdown files in a zip, without an outermost folder that holds them all."""

    def __init__(self, file: BinaryIO, name: str, *, is_apart: bool = False):
        super().__init__(Path(name))
        self.records: Records = Records(read_zip, file, name, is_apart=is_apart)


class _FolderRecords:
    def __init__(self, folder: Path, site: str):
        self._folder, self._site = folder, site

    def __iter__(self):
        files = [
            (path.relative_to(self._folder).as_posix(), path.read_bytes)
            for path in sorted(self._folder.rglob("*"))
            if path.is_file()
        ]
        inherited = Inherited(files)
        for name, read in files:
            yield inherited.fill_in(read_file(name, read), name) | {"site": self._site}


def _read_post(record, people):
    path = record["path"]
    post = Post(f"markdown:{path}", path, clean_title(""))
    if problem := record.get("problem"):
        post.problems.append(problem)
        return post
    values = record["values"]
    _fill_post(post, values, _find_stem(path), people)
    _set_state(post, values, record.get("inside", "") + path)
    post.addresses = [path, *_list_own_addresses(values, path)]
    if image := _first(values, *LEAD_PICTURES):
        set_lead(post, image, site=record.get("site", ""))
    set_body(post, record)
    return post


def _find_stem(path):
    """Return the name of a file, or of its folder where it is the index of a bundle."""
    pure = PurePosixPath(path)
    stem, language = pure.stem, ""
    if matched := LANGUAGE.fullmatch(stem):
        stem, language = matched[1], f"-{matched[2]}"
    if stem.lower() == "index" and pure.parent.name:
        stem = pure.parent.name
    return stem + language


def _fill_post(post, values, stem, people):
    dated = DATED_NAME.fullmatch(stem)
    words = dated[2] if dated else stem
    title = _first(values, "title")
    if not title:
        title = words.replace("-", " ").replace("_", " ")
        post.notes["title made of the name of the file, for want of one"] += 1
    set_title(post, title)
    own = [_last_part(_first(values, name)) for name in ("slug", "permalink", "url", "path")]
    set_slug(post, *own, words)
    post.authors = _names(values, "authors", "author", "by", "byline", "creator")
    if isinstance(own := values.get("params"), dict) and not post.authors:  # Hugo
        post.authors = _names(own, "authors", "author")
    post.categories = _names(values, "categories", "category", "section", "topic")
    tags = _names(values, "tags", "tag", "keywords")
    if isinstance(taxonomies := values.get("taxonomies"), dict):
        post.categories = post.categories or _names(taxonomies, "categories", "category")
        tags = tags or _names(taxonomies, "tags", "tag")
    post.notes["tags left out"] += len(tags)
    set_summary(post, _first(values, "summary", "excerpt", "description"))
    for name in post.authors:
        first, _, last = name.rpartition(" ")
        people.setdefault(name, Person(name, first, last) if first else Person(name))
    dates = pick_dates(values) or ([("file name", dated[1])] if dated else [])
    moments = [read_moment(post, text, field=name) for name, text in dates]
    post.publish_at = max((moment for moment in moments if moment), default=None)


def _set_state(post, values, path):
    state, problems = read_state(values, path)
    post.problems += problems
    post.status = STATES[state]
    post.is_scheduled = state == "scheduled"
    ends = [
        read_moment(post, text, field=name)
        for name, value in find_fields(values, EXPIRIES)
        if (text := _first({name: value}, name))
    ]
    post.expires_at = min((moment for moment in ends if moment), default=None)


def _list_own_addresses(values, path):
    given = [_first(values, name) for name in ("permalink", "url", "path")]
    return [
        each for each in [*given, *list_texts(values.get("aliases"))] if each and ":" not in each
    ]


def _last_part(address):
    """Return the last part of an address; "" of a pattern such as /:year/:title/."""
    last = address.rstrip("/").rpartition("/")[2]
    return "" if ":" in last or "{" in last or last == "false" else last.removesuffix(".html")


def _first(values, *names):
    """Return the first of these that is present, as text."""
    for name in names:
        if texts := list_texts(values.get(name)):
            return texts[0]
    return ""


def _names(values, *names):
    for name in names:
        if texts := list_texts(values.get(name)):
            return list(dict.fromkeys(texts))
    return []
