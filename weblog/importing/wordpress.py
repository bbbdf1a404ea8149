"""WordPress exports (WXR 1.0 to 1.2), read item by item: memory stays flat, whatever their size.

https://github.com/WordPress/wordpress-importer, as of November 2025, is what they are written for.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
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

WXR = "http://wordpress.org/export/"
VERSIONS = ("1.0", "1.1", "1.2")
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
NO_DATE = "0000-00-00"

STATUSES = {
    "publish": Blog.Status.PUBLISHED,
    "future": Blog.Status.PUBLISHED,
    "pending": Blog.Status.IN_REVIEW,
    "draft": Blog.Status.DRAFT,
    "private": Blog.Status.DRAFT,
}
BLOCKS = re.compile(
    r"<(p|div|h[1-6]|ul|ol|li|table|blockquote|pre|figure|section|hr|dl|form)\b|<!--", re.IGNORECASE
)


class WordPressExport:
    kind = "WordPress export"

    def __init__(self, file: BinaryIO, name: str):
        self.name = name
        self.people: dict[str, Person] = {}
        self.skipped: Counter[str] = Counter()
        self._file = file

    def read_posts(self) -> Iterator[Post]:
        self._file.seek(0)
        self.skipped.clear()
        try:
            yield from self._read()
        except ParseError as error:
            line, column = error.position
            raise ImportRefused(
                f"{self.name} is no well-formed XML: {str(error).partition(':')[0]}, line {line}, "
                f"column {column + 1}. It may be cut off; export it from WordPress again."
            ) from error
        except DefusedXmlException as error:
            raise ImportRefused(
                f"{self.name} declares a document type or entities of its own, which no export of "
                "WordPress does and which can hide an attack."
            ) from error

    def _read(self):
        version = site = ""
        number = depth = 0
        channel = None
        for event, element in iterparse(self._file, events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if event == "start":
                channel = element if depth == 2 else channel
                continue
            if depth != 2:
                continue
            tag = _local_name(element.tag)
            if tag == "wxr_version":
                version = _text(element)
            elif tag == "author":
                self._note_person(element)
            elif tag == "base_blog_url" or (element.tag == "link" and not site):
                site = _text(element)
            elif element.tag == "item":
                self._check_version(version)
                number += 1
                if (post := self._read_item(element, number, site)) is not None:
                    yield post
            channel.clear()  # what was read makes room for what comes
        self._check_version(version)

    def _check_version(self, version):
        if version not in VERSIONS:
            raise ImportRefused(
                f"{self.name} names WXR version {version}; 1.0, 1.1 and 1.2 can be read."
                if version
                else f"{self.name} names no WXR version before its first item, so it is no export "
                "of WordPress. In WordPress, choose Tools, Export, All content."
            )

    def _note_person(self, element):
        values = _wxr_values(element)
        if key := values.get("author_login", ""):
            first, last = values.get("author_first_name", ""), values.get("author_last_name", "")
            if not (first or last) and values.get("author_display_name", key) != key:
                first, _, last = values["author_display_name"].partition(" ")
            self.people[key] = Person(key, first, last, values.get("author_email", ""))

    def _read_item(self, item: Element, number: int, site: str) -> Post | None:
        values = _wxr_values(item)
        kind, status = values.get("post_type", "post"), values.get("status", "")
        if kind != "post" or status in ("trash", "auto-draft", "inherit"):
            self.skipped[f"{kind} ({status})" if kind == "post" else kind] += 1
            return None
        title = clean_title(item.findtext("title") or "")
        post = Post(_source(item, values, site), f"item {number}, “{title[:80]}”", title)
        if not post.source:
            post.problems.append(
                "wp:post_id, wp:base_blog_url: one is missing, so a second import would "
                "not know the post again."
            )
        post.slug = slugify(unquote(values.get("post_name", ""))) or slugify(title)
        set_body(post, add_paragraphs(item.findtext(CONTENT) or ""))
        set_summary(post, values.get("encoded", ""))
        post.authors = _authors(item)
        post.categories = [
            _text(category) for category in item.findall("category[@domain='category']")
        ]
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


def _source(item, values, site):
    if site and (number := values.get("post_id", "")):
        return f"{site.rstrip('/')}/?p={number}"
    return (item.findtext("guid") or "").strip()


def _authors(item):
    """The creator and whom Co-Authors Plus names, in the plugin's order where it names both."""
    creator = (item.findtext(CREATOR) or "").strip()
    others = [
        category.get("nicename", "").removeprefix("cap-")
        for category in item.findall("category[@domain='author']")
    ]
    names = others if creator in others else [creator, *others]
    return [name for name in dict.fromkeys(names) if name]


def _wxr_values(element):
    """{local name: text} of the children that are WordPress' own, whichever version they name."""
    return {
        _local_name(child.tag): _text(child)
        for child in reversed(element)  # of two of a name the first counts
        if child.tag.startswith(f"{{{WXR}") and len(child) == 0
    }


def _local_name(tag):
    return tag.rpartition("}")[2] if tag.startswith(f"{{{WXR}") else ""


def _text(element):
    return (element.text or "").strip()


def add_paragraphs(text: str) -> str:
    """Turn blank lines into paragraphs where the text has no blocks yet, as WordPress shows it."""
    pieces = [piece.strip() for piece in re.split(r"\r?\n\s*\n", text)]
    return "\n".join(
        piece if BLOCKS.match(piece) else f"<p>{re.sub(r'\r?\n', '<br>', piece)}</p>"
        for piece in pieces
        if piece
    )
