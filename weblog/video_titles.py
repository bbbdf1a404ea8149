"""Asks the site of a video for its title. Runs outside the application, without Django.

Only sites that say titles by oEmbed (https://oembed.com) are asked, at an address that is written
here: what somebody typed goes along as a value alone.
"""

import json
from urllib.parse import quote, urlsplit

from weblog.pictures.fetching import fetch

YOUTUBE = "https://www.youtube.com/oembed?format=json&url="
SITES = {
    "youtube.com": YOUTUBE,
    "youtu.be": YOUTUBE,
    "vimeo.com": "https://vimeo.com/api/oembed.json?url=",
    "dailymotion.com": "https://www.dailymotion.com/services/oembed?format=json&url=",
    "dai.ly": "https://www.dailymotion.com/services/oembed?format=json&url=",
    "tiktok.com": "https://www.tiktok.com/oembed?url=",
    "ted.com": "https://www.ted.com/services/v1/oembed.json?url=",
}
KINDS = ("application/json", "text/javascript", "text/json")
LONGEST = 200


def find_site(address: str) -> str:
    """Return the name in SITES of the site that the address of a video leads to, or ""."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return ""
    is_video = parts.scheme in ("http", "https") and len(parts.path.strip("/")) > 1
    return host if is_video and host in SITES else ""


def run_apart(source, answer):
    """Write the title of the video at the address in `source`; backoffice.bounded runs this."""
    address = source.read().decode()
    content = fetch(SITES[find_site(address)] + quote(address, safe=""), kinds=KINDS)
    answer.write(read_title(content).encode())


def read_title(content: bytes) -> str:
    """Return the title in an answer, on one line, or ""."""
    try:
        title = json.loads(content)["title"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return " ".join(title.split())[:LONGEST] if isinstance(title, str) else ""
