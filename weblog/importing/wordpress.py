"""WordPress exports (WXR 1.0 to 1.2). What reads their XML is weblog.importing.wordpress_items.

https://github.com/WordPress/wordpress-importer, as of November 2025, is what they are written for.
"""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote

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
from weblog.importing.records import Records
from weblog.importing.wordpress_items import read_items
from weblog.models import Blog

VERSIONS = ("1.0", "1.1", "1.2")
NO_DATE = "0000-00-00"

STATUSES = {
    "publish": Blog.Status.PUBLISHED,
    "future": Blog.Status.PUBLISHED,
    "pending": Blog.Status.IN_REVIEW,
    "draft": Blog.Status.DRAFT,
    "private": Blog.Status.DRAFT,
}


class WordPressExport:
    kind = "WordPress export"

    def __init__(self, file: BinaryIO, name: str, *, is_apart: bool = False):
        self.name = name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self.records = Records(read_items, file, name, is_apart=is_apart)

    def read_posts(self) -> Iterator[Post]:
        self.skipped.clear()
        version = site = ""
        number = 0
        for record in self.records:
            if record["kind"] == "version":
                version = record["text"]
            elif record["kind"] == "site":
                site = record["text"]
            elif record["kind"] == "person":
                self._note_person(record["values"])
            else:
                self._check_version(version)
                number += 1
                if (post := self._read_item(record, number, site)) is not None:
                    yield post
        self._check_version(version)

    def _check_version(self, version):
        if version not in VERSIONS:
            raise ImportRefused(
                f"{self.name} names WXR version {version}; 1.0, 1.1 and 1.2 can be read."
                if version
                else f"{self.name} names no WXR version before its first item, so it is no export "
                "of WordPress. In WordPress, choose Tools, Export, All content."
            )

    def _note_person(self, values):
        if key := values.get("author_login", ""):
            first, last = values.get("author_first_name", ""), values.get("author_last_name", "")
            if not (first or last) and values.get("author_display_name", key) != key:
                first, _, last = values["author_display_name"].partition(" ")
            self.people[key] = Person(key, first, last, values.get("author_email", ""))

    def _read_item(self, item: dict, number: int, site: str) -> Post | None:
        values = item["values"]
        kind, status = values.get("post_type", "post"), values.get("status", "")
        if kind != "post" or status in ("trash", "auto-draft", "inherit"):
            self.skipped[f"{kind} ({status})" if kind == "post" else kind] += 1
            return None
        title = clean_title(item["title"])
        post = Post(_source(item, site), f"item {number}, “{title[:80]}”", title)
        if not post.source:
            post.problems.append(
                "wp:post_id, wp:base_blog_url: one is missing, so a second import would "
                "not know the post again."
            )
        post.slug = slugify(unquote(values.get("post_name", ""))) or slugify(title)
        set_body(post, item)
        set_summary(post, values.get("encoded", ""))
        post.authors = _authors(item)
        post.categories = item["categories"]
        _set_status(post, status, values)
        return post


def _set_status(post, status, values):
    if status not in STATUSES:
        post.problems.append(f"wp:status: “{status}” is not known; one of {', '.join(STATUSES)}.")
        return
    post.status = STATUSES[status]
    if values.get("post_password") and post.status == Blog.Status.PUBLISHED:
        post.status = Blog.Status.DRAFT
        post.notes.append("protected by a password, so it comes in as a draft")
    if status == "private":
        post.notes.append("private, so it comes in as a draft")
    gmt, local = values.get("post_date_gmt", ""), values.get("post_date", "")
    if gmt and not gmt.startswith(NO_DATE):
        set_publish_at(post, f"{gmt}Z", field="wp:post_date_gmt")
    elif local and not local.startswith(NO_DATE):
        set_publish_at(post, local, field="wp:post_date")


def _source(item, site):
    if site and (number := item["values"].get("post_id", "")):
        return f"{site.rstrip('/')}/?p={number}"
    return item["guid"]


def _authors(item):
    """Return the creator and the names of Co-Authors Plus, in the plugin's order if it can."""
    creator, others = item["creator"], item["others"]
    names = others if creator in others else [creator, *others]
    return [name for name in dict.fromkeys(names) if name]
