"""WordPress exports (WXR 1.0 to 1.2). What reads their XML is weblog.importing.wordpress_items.

https://github.com/WordPress/wordpress-importer, as of November 2025, is what they are written for.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from weblog.errors import ImportRefused
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
        self._sources: dict[str, str] = {}
        self._nicenames: dict[str, str] = {}
        version = site = ""
        number = 0
        for record in self.records:
            if record["kind"] == "version":
                version = record["text"]
            elif record["kind"] == "site":
                site = record["text"]
            elif record["kind"] == "person":
                self._note_person(record["values"])
            elif record["kind"] == "dropped":
                self.skipped["control characters"] += record["count"]
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
        post = Post(self._make_source(item, site), f"item {number}, “{title[:80]}”")
        if not post.source:
            post.problems.append(
                "wp:post_id, wp:base_blog_url: one is missing, so a second import would "
                "not know the post again."
            )
        set_title(post, item["title"])
        set_slug(post, values.get("post_name", ""), number=values.get("post_id", ""))
        post.addresses = [each for each in (item["link"], item["guid"]) if "://" in each]
        if site and values.get("post_id"):
            post.addresses.append(f"{site.rstrip('/')}/?p={values['post_id']}")
        set_body(post, item)
        set_summary(post, values.get("encoded", ""))
        self._set_people(post, item)
        post.categories = [self._name_category(*each) for each in item["categories"] if each[0]]
        if values.get("is_sticky") == "1":
            post.notes["no longer kept on top of the list"] += 1
        if item.get("lead"):
            set_lead(post, item["lead"][0])
        _set_status(post, status, values)
        if item.get("is_for_some") and post.status == Blog.Status.PUBLISHED:
            post.status = Blog.Status.DRAFT
            post.notes["not for every reader, so it comes in as a draft"] += 1
        if item.get("expires"):
            post.expires_at = _read_second(post, item["expires"])
        return post

    def _make_source(self, item, site):
        """Return what tells a post from all others, here and in a second import.

        Merged exports have a number twice, and some have 0; then the guid tells them apart.
        """
        number, guid = item["values"].get("post_id", "").strip(), item["guid"] or item["link"]
        source = f"{site.rstrip('/')}/?p={number}" if site and number else ""
        if guid and not number.strip("0"):
            source = guid
        elif item["is_twice"] and self._sources.setdefault(source, guid) != guid:
            source = guid or source
        return shorten_source(source or guid)

    def _set_people(self, post, item):
        """Take the creator and the names of Co-Authors Plus, in the plugin's order if it can."""
        others = []
        for name, nicename in item["others"]:
            key = nicename.removeprefix("cap-") or name
            first, _, last = name.rpartition(" ")
            if first:
                self.people.setdefault(key, Person(key, first, last))
            others.append(key)
        creator = item["creator"]
        names = others if creator in others else [creator, *others]
        post.authors = [name for name in dict.fromkeys(names) if name]

    def _name_category(self, name, nicename):
        """Return the name of a category; of two with one name, the second has its short name."""
        if self._nicenames.setdefault(name.casefold(), nicename) == nicename:
            return name
        return f"{name} ({nicename})"


def _set_status(post, status, values):
    if status not in STATUSES:
        post.problems.append(f"wp:status: “{status}” is not known; one of {', '.join(STATUSES)}.")
        return
    post.status = STATUSES[status]
    post.is_scheduled = status == "future"
    if values.get("post_password") and post.status == Blog.Status.PUBLISHED:
        post.status = Blog.Status.DRAFT
        post.notes["protected by a password, so it comes in as a draft"] += 1
    if status == "private":
        post.notes["private, so it comes in as a draft"] += 1
    gmt, local = values.get("post_date_gmt", ""), values.get("post_date", "")
    if gmt and not gmt.startswith(NO_DATE):
        set_publish_at(post, f"{gmt}Z", field="wp:post_date_gmt")
    elif local and not local.startswith(NO_DATE):
        set_publish_at(post, local, field="wp:post_date")


def _read_second(post, text):
    """Return the moment of a number of seconds; what is none is a problem of the post."""
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return dt.datetime.fromtimestamp(int(text), dt.UTC)
    post.problems.append(f"_expiration-date: “{text[:40]}” is no number of seconds.")
    return None
