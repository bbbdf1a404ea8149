"""Addresses of videos in a text. Readers get a plain link, and no request to another site."""

import html
import io
import re

from django.utils.html import format_html

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded
from weblog.video_titles import find_site

BOUNDS = Bounds(seconds=1, memory=200_000_000, answer=10_000)  # three times as long by the clock
MOST_TITLES = 3  # of one save; the others keep their address as their words
LINE = re.compile(
    r"<p>\s*+(?:<a\b(?P<link>[^>]*+)>\s*+)?+(?P<address>https?://[^\s<>]++)\s*+(?:</a>\s*+)?+</p>"
)


def link_videos(body: str) -> str:
    """Return `body` with each address of a video on a line of its own as a link with its title."""
    asked = 0

    def link(match):
        nonlocal asked
        address = html.unescape(match["address"])
        leads_elsewhere = match["link"] and f'href="{match["address"]}"' not in match["link"]
        if leads_elsewhere or not find_site(address):
            return match[0]
        asked += 1
        title = find_title(address) if asked <= MOST_TITLES else ""
        return format_html('<p><a href="{}">{}</a></p>', address, title or address)

    return LINE.sub(link, body)


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
