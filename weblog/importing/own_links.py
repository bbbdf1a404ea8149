"""Links between the posts of one file. Posts have other addresses here, so the links change.

The addresses of a post are compared without their host, case, ending and percent signs.
"""

import html
import posixpath
import re
from urllib.parse import parse_qs, unquote, urlsplit

from weblog.importing.bodies import LINK_ADDRESS
from weblog.importing.posts import Post
from weblog.slugs import fold_slug

ENDING = re.compile(r"(?:/index)?(?:\.(?:md|mdx|markdown|html?|php))?\Z")
SLUG = "slug:"


class OwnLinks:
    """The slugs of a file's posts by their addresses."""

    def __init__(self):
        self._slugs: dict[str, str] = {}
        self._unclear: set[str] = set()

    def add(self, post: Post, slug: str) -> None:
        last_parts = {SLUG + fold_slug(key.rpartition("/")[2]) for key in map(_key, post.addresses)}
        keys = {_key(each) for each in post.addresses} | last_parts | {SLUG + post.slug}
        for key in keys - {"", SLUG}:
            if self._slugs.setdefault(key, slug) != slug:
                self._unclear.add(key)

    def find(self, post: Post, address: str) -> str | None:
        """Return the slug of the post that `address` leads to from `post`; None if to another."""
        place = _place(post, address)
        if place is None:
            return None
        keys = [_key(place), SLUG + fold_slug(_key(place).rpartition("/")[2])]
        if "?p=" in place:
            keys = [_key(place)]
        found = (self._slugs.get(key) for key in keys if key not in self._unclear)
        return next((slug for slug in found if slug), None)

    def rewrite(self, post: Post) -> None:
        """Let the links of a post lead to the posts here, and keep what follows a #."""

        def lead_here(match):
            address = html.unescape(match[2][1:-1]).strip()
            slug = self.find(post, address)
            if slug is None:
                return match[0]
            _, mark, heading = address.partition("#")
            return f'{match[1]}"/blogs/{slug}/{html.escape(mark + heading)}"'

        post.body = LINK_ADDRESS.sub(lead_here, post.body)


def list_relative(post: Post) -> list[str]:
    """Return the addresses in a post that lead somewhere only on its old site."""
    found = (html.unescape(match[2][1:-1]).strip() for match in LINK_ADDRESS.finditer(post.body))
    return [address for address in found if address and _is_relative(address)]


def _is_relative(address):
    return not re.match(r"[a-z][a-z0-9+.-]*:|//|#", address, re.IGNORECASE)


def _place(post, address):
    """Return an address as its path from the root of the old site; None for other sites."""
    if _is_relative(address):
        path = address.partition("#")[0]
        if path.startswith(("/", "?")) or not post.source.startswith("markdown:"):
            return path
        return posixpath.normpath(posixpath.join(posixpath.dirname(post.place), path))
    if any(_host(address) == _host(own) for own in post.addresses if "://" in own):
        return address
    return None


def _host(address):
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _key(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if not parts.path.strip("/") and (number := parse_qs(parts.query).get("p")):
        return f"?p={number[0]}"
    path = ENDING.sub("", unquote(parts.path).strip("/").lower())
    return re.sub(r"(\A|/)\.\.?(?=/)", "", path).strip("/")
