"""The common form of posts from all formats."""

import datetime as dt
import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from django.core.exceptions import SuspiciousOperation
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import strip_tags
from django.utils.text import Truncator

from weblog.importing.bodies import link_pictures
from weblog.models import Blog
from weblog.models.blogs import SUMMARY_LENGTH

LONGEST_PLAIN = 20_000  # characters; longer summaries are shortened
UNTITLED = "(no title)"
SHORT_OFFSET = re.compile(r"([+-])(\d)\Z")  # 2015-03-17 14:00:00 -4, as Ruby reads it


@dataclass(slots=True)
class Person:
    """An author in a file, under the key that its posts use."""

    key: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


@dataclass(slots=True)
class Post:
    """A post from a file. `place` is its place in the file; `problems` lists its problems."""

    source: str
    place: str
    title: str = ""
    slug: str = ""
    body: str = ""
    summary: str = ""
    authors: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    status: Blog.Status = Blog.Status.DRAFT
    publish_at: dt.datetime | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Source(Protocol):
    """A file of posts. `people` and `skipped` are complete once read_posts() has ended."""

    name: str
    kind: str
    people: dict[str, Person]
    skipped: Counter[str]

    def read_posts(self) -> Iterator[Post]:
        """Yield the posts from the first on, as often as asked. Raises ImportRefused."""


def clean_title(text: str) -> str:
    return _plain(text) or UNTITLED


def _plain(text):
    """Return the words of a short text with tags. A long text is cut first."""
    try:
        plain = strip_tags(text[:LONGEST_PLAIN])
    except SuspiciousOperation:  # tags in tags in tags
        plain = re.sub(r"[<>]", " ", text[:LONGEST_PLAIN])
    return " ".join(html.unescape(plain).split())


def set_summary(post: Post, text: str) -> None:
    summary = _plain(text)
    if len(summary) > SUMMARY_LENGTH:
        summary = Truncator(summary).chars(SUMMARY_LENGTH)
        post.notes.append(f"summary shortened to {SUMMARY_LENGTH} characters")
    post.summary = summary


def set_body(post: Post, record: dict) -> None:
    """Set the HTML, with links in place of pictures, which lie on other sites.

    HTML that was read apart has the links already, and is clean.
    """
    post.body, pictures = record["body"], record.get("pictures")
    if pictures is None:
        post.body, pictures = link_pictures(post.body)
    if problem := record.get("text_problem"):
        post.problems.append(f"text: {problem}")
    if pictures:
        post.notes.append("pictures replaced by links to their old place")


def set_publish_at(post: Post, text: str, *, field: str) -> None:
    """Set the date from a date or a moment, by default in the site's time zone."""
    whole = SHORT_OFFSET.sub(r"\g<1>0\2", text)
    try:
        moment = parse_datetime(whole)
        if moment is None and (day := parse_date(whole)):
            moment = dt.datetime.combine(day, dt.time())
        if moment is None:
            raise ValueError
        if timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        if not 1970 <= moment.year < 2200:
            raise ValueError
    except (ValueError, OverflowError):
        post.problems.append(f"{field}: “{text}” is no date. Write it as 2026-10-31.")
    else:
        post.publish_at = moment.astimezone(dt.UTC)


def find_unstorable(text: str) -> str:
    """Return the part of `text` that no database stores, in words, or ""."""
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return ""
