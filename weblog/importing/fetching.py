"""Pictures of a file's posts, fetched from their old site and kept here.

Before the posts are written: what waits for other sites must not hold the database.
"""

import html
import re
import time
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.utils.html import format_html

from backoffice.bounded import MachineBusy
from weblog.errors import PictureRefused
from weblog.importing.plans import Plan
from weblog.importing.posts import PICTURES_LINKED, Post
from weblog.models import Picture
from weblog.pictures.fetched import fetch_picture

FETCHED = "pictures fetched"
NOT_FETCHED = "pictures that their site did not give, left as links"
TOO_MANY = "pictures left as links, for want of time"
LINK = re.compile(r'<a href="([^"]*)"[^<>]*>\[([^\[\]<>]*)\]</a>')


def fetch_pictures(
    plan: Plan, *, by: User, most: int | None = None, seconds: float | None = None
) -> tuple[dict[str, Picture], dict[str, int]]:
    """Return {address: picture} of those that could be had, and what it came to, counted.

    At most `most` are asked for, and no more once the seconds are over.
    """
    began = time.monotonic()
    pictures: dict[str, Picture] = {}
    counts = dict.fromkeys((FETCHED, NOT_FETCHED, TOO_MANY), 0)
    for number, (address, words) in enumerate(plan.pictures.items()):
        is_over = seconds is not None and time.monotonic() - began > seconds
        if is_over or (most is not None and number >= most):
            counts[TOO_MANY] += 1
            continue
        try:
            pictures[address] = fetch_picture(address=address, alt_text=words, by=by)
            counts[FETCHED] += 1
        except PictureRefused as error:
            is_busy = isinstance(error.__cause__, MachineBusy)
            counts[TOO_MANY if is_busy else NOT_FETCHED] += 1
    return pictures, {name: count for name, count in counts.items() if count}


def put_pictures(post: Post, pictures: Mapping[str, Picture]) -> None:
    """Put the fetched pictures in the place of the links to them."""

    def show(match):
        picture = pictures.get(html.unescape(match[1]))
        if picture is None:
            return match[0]
        return format_html(
            '<img src="{}" alt="{}" width="{}" height="{}">',
            picture.file.url,
            html.unescape(match[2]),
            picture.width,
            picture.height,
        )

    post.body = LINK.sub(show, post.body)


def note_pictures(plan: Plan, counts: Mapping[str, int]) -> None:
    """Tell in the plan what was fetched instead of what was only linked."""
    plan.notes.pop(PICTURES_LINKED, None)
    plan.notes.update(counts)
    plan.notes = +plan.notes


def forget_pictures(pictures: Mapping[str, Picture]) -> None:
    """Remove the pictures of an import that came to nothing."""
    for picture in pictures.values():
        storage, name = picture.file.storage, picture.file.name
        picture.delete()
        storage.delete(name or "")
