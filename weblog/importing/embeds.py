"""What a text shows from other places: pictures, videos, sounds, frames. Imports no Django."""

import re
from urllib.parse import parse_qs, urlsplit

PICTURE_ENDING = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)(?:[?#]|\Z)", re.IGNORECASE
)
YOUTUBE = {"youtube.com", "m.youtube.com", "youtube-nocookie.com"}
VIDEO_ID = re.compile(r"[\w-]{6,20}")


def find_watch_address(address: str) -> str:
    """Return the page of a video for the address at which a frame shows it."""
    try:
        parts = urlsplit(address if not address.startswith("//") else f"https:{address}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return address
    *folders, last = parts.path.strip("/").split("/")
    if host in YOUTUBE and folders[-1:] in (["embed"], ["v"]) and VIDEO_ID.fullmatch(last):
        if last == "videoseries" and (lists := parse_qs(parts.query).get("list")):
            return f"https://www.youtube.com/playlist?list={lists[0]}"
        return f"https://www.youtube.com/watch?v={last}"
    if host == "player.vimeo.com" and folders == ["video"] and last.isdecimal():
        return f"https://vimeo.com/{last}"
    return parts.geturl()
