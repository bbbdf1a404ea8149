"""Ghost exports (JSON), versions 0 to 6. What reads them is weblog.importing.ghost_tables."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from weblog.importing.ghost_tables import read_rows
from weblog.importing.posts import (
    Person,
    Post,
    clean_title,
    set_body,
    set_lead,
    set_publish_at,
    set_slug,
    set_summary,
    set_title,
    shorten_source,
)
from weblog.importing.records import Records
from weblog.models import Blog

STATUSES = {
    "published": Blog.Status.PUBLISHED,
    "scheduled": Blog.Status.PUBLISHED,
    "draft": Blog.Status.DRAFT,
    "sent": Blog.Status.DRAFT,
}


class GhostExport:
    kind = "Ghost export"

    def __init__(self, file: BinaryIO, name: str, *, is_apart: bool = False):
        self.name = name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self.records = Records(read_rows, file, name, is_apart=is_apart)

    def read_posts(self) -> Iterator[Post]:
        self.skipped.clear()
        self._tables = defaultdict(list)
        number = 0
        for record in self.records:
            if record["table"] != "posts":  # they come last
                self._tables[record["table"]].append(record["row"])
                continue
            if not number:
                self._look_around()
            number += 1
            if (post := self._read_row(record, number)) is not None:
                yield post

    def _look_around(self):
        self._users = {user.get("id"): user for user in self._tables["users"]}
        self._tags = {tag.get("id"): _text(tag, "name") for tag in self._tables["tags"]}
        self._tags_of = self._links("posts_tags", "tag_id")
        self._users_of = self._links("posts_authors", "author_id")
        self._by_mail = {
            meta.get("post_id") for meta in self._tables["posts_meta"] if _is_by_mail(meta)
        }
        self._comments = Counter(row.get("post_id") for row in self._tables["comments"])

    def _read_row(self, record, number):
        row = record["row"]
        if _text(row, "type") == "page" or row.get("page") in (1, True, "1", "true"):
            self.skipped["page"] += 1
            return None
        post = _read_post(row, number, _is_by_mail(row) or row.get("id") in self._by_mail)
        set_body(post, record)
        ids = self._users_of[row.get("id")] or [row.get("author_id")]
        post.authors = [self._note_person(self._users[key]) for key in ids if key in self._users]
        names = [self._tags.get(key, "") for key in self._tags_of[row.get("id")]]
        # Tags that start with # are Ghost's own notes. Ghost has no categories: its first tag is
        # what its themes show.
        post.categories = [name for name in names if name and not name.startswith("#")]
        post.notes["internal tags left out"] += sum(name.startswith("#") for name in names)
        post.notes["comments left out"] += self._comments[row.get("id")]
        if image := _text(row, "feature_image"):
            set_lead(post, image, site=record["site"])
        post.notes = +post.notes
        return post

    def _links(self, table, column):
        links = defaultdict(list)
        for row in sorted(
            self._tables[table], key=lambda row: str(row.get("sort_order", 0)).zfill(9)
        ):
            links[row.get("post_id")].append(row.get(column))
        return links

    def _note_person(self, user):
        key = _text(user, "slug") or _text(user, "name")
        first, _, last = _text(user, "name").rpartition(" ")
        self.people[key] = Person(key, first or last, last if first else "", _text(user, "email"))
        return key


def _is_by_mail(row):
    """Whether Ghost sends the post to subscribers alone, now or on its day."""
    return row.get("email_only", 0) not in (0, False, "0", "", "false")


def _read_post(row, number, is_by_mail):
    title = clean_title(_text(row, "title"))
    key = _text(row, "uuid") or _text(row, "id") or _number(row, "id")
    post = Post(shorten_source(key and f"ghost:{key}"), f"post {number}, “{title[:80]}”")
    if not key:
        post.problems.append("uuid: missing, so a second import would not know the post again.")
    set_title(post, _text(row, "title"))
    set_slug(post, _text(row, "slug"), number=str(number))
    post.addresses = [f"/{_text(row, 'slug')}/"] if _text(row, "slug") else []
    set_summary(post, _text(row, "custom_excerpt"))
    _set_state(post, row, is_by_mail)
    if date := _text(row, "published_at") or _read_milliseconds(row):
        # Ghost keeps moments in UTC and writes them without saying so.
        moment = date if date.endswith("Z") or "+" in date else f"{date}Z"
        set_publish_at(post, moment, field="published_at")
    return post


def _set_state(post, row, is_by_mail):
    status = _text(row, "status")
    if status not in STATUSES:
        post.problems.append(f"status: “{status}” is not known; one of {', '.join(STATUSES)}.")
        return
    post.status = STATUSES[status]
    post.is_scheduled = status == "scheduled"
    if status == "sent" or is_by_mail:
        post.status = Blog.Status.DRAFT
        post.notes["sent by mail alone, so it comes in as a draft"] += 1
    visibility = row.get("visibility", "")
    if visibility not in ("", "public") and post.status == Blog.Status.PUBLISHED:
        post.status = Blog.Status.DRAFT
        post.notes["not for every reader, so it comes in as a draft"] += 1


def _read_milliseconds(row):
    """Return a moment that Ghost 0.x wrote as milliseconds since 1970."""
    value = row.get("published_at")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**14:
        return ""
    return dt.datetime.fromtimestamp(value / 1000, dt.UTC).isoformat()


def _number(row, name):
    value = row.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _text(row, name):
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""
