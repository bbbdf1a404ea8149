"""Addresses of videos in a text. Readers get a plain link, and no request to another site."""

import html
import io
import re
from collections.abc import Mapping

from django.utils.html import format_html

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded
from weblog.video_titles import find_site

BOUNDS = Bounds(seconds=1, memory=200_000_000, answer=10_000)  # three times as long by the clock
MOST_TITLES = 3  # of one save; the others keep their address as their words
LINE = re.compile(
    r"<p>\s*+(?:<a\b(?P<link>[^>]*+)>\s*+)?+(?P<address>https?://[^\s<>]++)\s*+(?:</a>\s*+)?+</p>"
)


def link_videos(body: str, titles: Mapping[str, str]) -> str:
    """Return `body` with each address of a video on a line of its own as a link with its title."""

    def link(match):
        address = _find_address(match)
        if not address:
            return match[0]
        return format_html('<p><a href="{}">{}</a></p>', address, titles.get(address) or address)

    return LINE.sub(link, body)


def has_videos(body: str) -> bool:
    return any(map(_find_address, LINE.finditer(body)))


def find_titles(body: str) -> dict[str, str]:
    """Return {address: title} of the first videos in `body`, as far as their sites say it.

    Not within a transaction: it may take some seconds.
    """
    found = filter(None, map(_find_address, LINE.finditer(body)))
    first = list(dict.fromkeys(found))[:MOST_TITLES]
    return {address: find_title(address) for address in first}


def _find_address(match):
    """Return the address of the video that a line names, or ""."""
    leads_elsewhere = match["link"] and f'href="{match["address"]}"' not in match["link"]
    address = html.unescape(match["address"])
    return address if not leads_elsewhere and find_site(address) else ""


def find_title(address: str) -> str:
    """Return the title of a video, or "" if its site does not say it in time."""
    try:
        with run_bounded(
            "weblog.video_titles:run_apart",
            io.BytesIO(address.encode(errors="replace")),
            what="The title",
            advice="",
            bounds=BOUNDS,
        ) as answer:
            return answer.read().decode()
    except (BoundReached, Unreadable):
        return ""
