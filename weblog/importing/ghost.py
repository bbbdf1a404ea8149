"""Ghost exports (JSON), versions 2 to 5. They come as one object, so they are read whole."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.text import slugify

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

LARGEST_FILE = 100_000_000

STATUSES = {
    "published": Blog.Status.PUBLISHED,
    "scheduled": Blog.Status.PUBLISHED,
    "draft": Blog.Status.DRAFT,
    "sent": Blog.Status.DRAFT,
}


class GhostExport:
    kind = "Ghost export"

    def __init__(self, file: BinaryIO, name: str):
        """Raises ImportRefused."""
        self.name = name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self._tables = _load_tables(file, name)

    def read_posts(self) -> Iterator[Post]:
        self.skipped.clear()
        users = {user.get("id"): user for user in self._rows("users")}
        tags = {tag.get("id"): _text(tag, "name") for tag in self._rows("tags")}
        tags_of = self._links("posts_tags", "tag_id")
        users_of = self._links("posts_authors", "author_id")
        for number, row in enumerate(self._rows("posts"), start=1):
            if _text(row, "type") == "page" or row.get("page") in (1, True):
                self.skipped["page"] += 1
                continue
            post = _read_post(row, number)
            ids = users_of[row.get("id")] or [row.get("author_id")]
            post.authors = [self._note_person(users[key]) for key in ids if key in users]
            names = (tags.get(key, "") for key in tags_of[row.get("id")])
            # Tags that start with # are Ghost's own notes.
            post.categories = [name for name in names if name and not name.startswith("#")]
            yield post

    def _rows(self, table):
        rows = self._tables.get(table) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ImportRefused(f"{self.name}: “{table}” is no list of objects.")
        return rows

    def _links(self, table, column):
        links = defaultdict(list)
        for row in sorted(
            self._rows(table), key=lambda row: str(row.get("sort_order", 0)).zfill(9)
        ):
            links[row.get("post_id")].append(row.get(column))
        return links

    def _note_person(self, user):
        key = _text(user, "slug") or _text(user, "name")
        first, _, last = _text(user, "name").rpartition(" ")
        self.people[key] = Person(key, first or last, last if first else "", _text(user, "email"))
        return key


def _load_tables(file, name):
    text = file.read(LARGEST_FILE + 1)
    if len(text) > LARGEST_FILE:
        raise ImportRefused(f"{name} is larger than {LARGEST_FILE // 10**6} MB.")
    try:
        export = json.loads(text)
        export = export["db"][0] if "db" in export else export
        tables = export["data"]
        tables["posts"]
    except json.JSONDecodeError as error:
        raise ImportRefused(
            f"{name} is no JSON: {error.msg}, line {error.lineno}, column {error.colno}. It may be "
            "cut off; export it from Ghost again."
        ) from error
    except (KeyError, IndexError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ImportRefused(
            f"{name} is no export of Ghost: it has no db, data, posts. In Ghost, choose Settings, "
            "Import/Export, Export."
        ) from error
    return tables


def _read_post(row, number):
    title = clean_title(_text(row, "title"))
    key = _text(row, "uuid") or _text(row, "id")
    post = Post(key and f"ghost:{key}", f"post {number}, “{title[:80]}”", title)
    if not key:
        post.problems.append("uuid: missing, so a second import would not know the post again.")
    post.slug = slugify(_text(row, "slug")) or slugify(title)
    set_body(post, _text(row, "html"))
    set_summary(post, _text(row, "custom_excerpt"))
    status = _text(row, "status")
    if status not in STATUSES:
        post.problems.append(f"status: “{status}” is not known; one of {', '.join(STATUSES)}.")
        return post
    post.status = STATUSES[status]
    if _text(row, "visibility") not in ("", "public") and post.status == Blog.Status.PUBLISHED:
        post.status = Blog.Status.DRAFT
        post.notes.append("not for every reader, so it comes in as a draft")
    if date := _text(row, "published_at"):
        # Ghost keeps moments in UTC and writes them without saying so.
        moment = date if date.endswith("Z") else f"{date}Z"
        set_publish_at(post, moment, field="published_at")
    return post


def _text(row, name):
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""
