"""Excerpts of blogs for lists, feeds and other sites."""

import re
from html import unescape

import nh3
from django.utils.text import Truncator

EXCERPT_WORDS = 32
ENOUGH = 10_000  # characters that are sure to hold that many words
BLOCK = re.compile(r"</?(?:p|div|h[1-6]|li|[dt][dth]|tr|br|hr|blockquote|pre|figcaption)\b", re.I)
PICTURE = re.compile(r'<img [^>]*?src="([^"]++)"')


def make_excerpt(html: str) -> str:
    """Return the first words of `html`, which may be cut anywhere, as plain text."""
    html = html[:ENOUGH]
    text = unescape(nh3.clean(BLOCK.sub(r" \g<0>", html), tags=set()))
    return Truncator(" ".join(text.split())).words(EXCERPT_WORDS, truncate=" …")


def find_picture(html: str) -> str:
    """Return the address of the first picture in clean `html`, or ""."""
    found = PICTURE.search(html)
    return found[1] if found else ""
