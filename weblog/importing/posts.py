"""The common form of posts from all formats."""

import datetime as dt
import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urljoin

from django.core.exceptions import SuspiciousOperation
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import strip_tags
from django.utils.text import Truncator

from weblog.importing.bodies import convert_body
from weblog.importing.hidden import find_hidden
from weblog.importing.states import normalise_date
from weblog.models import Blog
from weblog.models.blogs import SUMMARY_LENGTH
from weblog.slugs import fold_slug

LONGEST_PLAIN = 20_000  # characters; longer summaries are shortened
LEAD_LEFT_OUT = "lead pictures left out"
PICTURES_LINKED = "pictures made links to their old place"
UNTITLED = "(no title)"
LONGEST_SOURCE = 300  # as Blog.imported_from
LONGEST_TITLE = 200  # as Blog.title
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
    """A post from a file.

    `place` is its place in the file, `addresses` are those by which other posts link to it, and
    `pictures` the address and the words of each picture that lies on another site. `notes` counts
    what was changed or left out.
    """

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
    is_scheduled: bool = False
    expires_at: dt.datetime | None = None
    addresses: list[str] = field(default_factory=list)
    pictures: list[list[str]] = field(default_factory=list)
    lead: str = ""  # the address of the picture for lists
    problems: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


class Source(Protocol):
    """A file of posts. `people` and `skipped` are complete once read_posts() has ended."""

    name: str
    kind: str
    people: dict[str, Person]
    skipped: Counter[str]

    def read_posts(self) -> Iterator[Post]:
        """Yield the posts from the first on, as often as asked. Raises ImportRefused."""


def shorten_source(text: str) -> str:
    """Return what a post is known by; of a long address, its start and a fixed number."""
    if len(text) <= LONGEST_SOURCE:
        return text
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return f"{text[:200]}#{digest}"


def clean_title(text: str) -> str:
    return _plain(text) or UNTITLED


def set_title(post: Post, text: str) -> None:
    title = clean_title(text)
    if len(title) > LONGEST_TITLE:
        title = Truncator(title).chars(LONGEST_TITLE)
        post.notes[f"title shortened to {LONGEST_TITLE} characters"] += 1
    post.title = title


def set_slug(post: Post, *own: str, number: str = "") -> None:
    """Set the slug from the first of the post's own addresses, or else from its title.

    Of a title in letters that no slug holds, the number in the file is left, or one made here.
    """
    given = next((text for text in own if text), "")
    if slug := fold_slug(given):
        if slug != unquote(given).lower():
            post.notes["address spelled in other letters than before"] += 1
        post.slug = slug
        return
    if given:
        post.notes["address lost: none of its letters can be in one here"] += 1
    titled = "" if post.title == UNTITLED else fold_slug(post.title)
    number = (
        fold_slug(number) or hashlib.sha256(post.source.encode(errors="replace")).hexdigest()[:8]
    )
    post.slug = titled or f"post-{number}"


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
        post.notes[f"summary shortened to {SUMMARY_LENGTH} characters"] += 1
    post.summary = summary


def set_body(post: Post, record: dict) -> None:
    """Set the HTML, with links in place of what lies elsewhere, and count what was changed.

    HTML that was read apart has the links already, and is clean.
    """
    post.body = record["body"]
    if "pictures" in record:
        post.pictures, notes = record["pictures"], record["body_notes"]
        hidden = record.get("hidden", "")
    else:
        hidden = find_hidden(post.body)
        post.body, post.pictures, notes = convert_body(
            post.body, record.get("base", ""), record.get("site", "")
        )
    post.notes.update(record.get("notes") or {})
    post.notes.update(notes)
    if problem := record.get("text_problem") or hidden:
        post.problems.append(f"text: {problem}")
    if post.pictures:
        post.notes[PICTURES_LINKED] += len(post.pictures)
    post.notes = +post.notes


def set_publish_at(post: Post, text: str, *, field: str) -> None:
    """Set the date from a date or a moment, by default in the site's time zone."""
    if (moment := read_moment(post, text, field=field)) is not None:
        post.publish_at = moment


def set_lead(post: Post, address: str, *, site: str = "") -> None:
    """Note the picture that stands for the post in lists; it comes in if it is fetched."""
    address = address.replace("__GHOST_URL__", "")
    if address.startswith("/") and site:
        address = urljoin(site, address)
    post.lead = address if address.startswith(("http://", "https://")) else ""
    post.notes[LEAD_LEFT_OUT] += 1


def read_moment(post: Post, text: str, *, field: str) -> dt.datetime | None:
    """Return the moment in UTC; what is none is a problem of the post."""
    whole = SHORT_OFFSET.sub(r"\g<1>0\2", normalise_date(text[:100]))
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
        post.problems.append(f"{field}: “{text[:100]}” is no date. Write it as 2026-10-31.")
        return None
    return moment.astimezone(dt.UTC)


def find_unstorable(text: str) -> str:
    """Return the part of `text` that no database stores, in words, or ""."""
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return ""
