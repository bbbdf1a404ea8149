"""Which HTML a blog may hold, and what can be said of it without showing it."""

import html
import re

import nh3
from django.conf import settings
from django.utils.html import strip_tags

TAGS = nh3.ALLOWED_TAGS - {"area", "map"}
ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "img": {"src", "alt", "width", "height"}}
SCHEMES = {"http", "https", "mailto", "tel"}

# As nh3 writes it: every attribute in double quotes. An empty figure is what is left around it.
PICTURE_WITHOUT_SOURCE = re.compile(
    r'<img(?: (?!src=)[a-z]+="[^"]*")*>|<figure>\s*<img(?: (?!src=)[a-z]+="[^"]*")*>\s*</figure>'
)
WORD = re.compile(r"\w[\w'’-]*")
WORDS_PER_MINUTE = 238  # silent reading of English non-fiction: Brysbaert, 2019


def clean_html(source: str) -> str:
    """Return HTML without scripts, styles, event handlers, and pictures that are not ours."""
    cleaned = nh3.clean(
        source,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_keep_attribute,
        url_schemes=SCHEMES,
    )
    return PICTURE_WITHOUT_SOURCE.sub("", cleaned)


def _keep_attribute(tag, attribute, value):
    if (tag, attribute) == ("img", "src") and not is_own_picture(value):
        return None
    return value


def is_own_picture(url: str) -> bool:
    """Whether `url` leads to a picture that was uploaded here: its path alone, from the root."""
    path = rf"{re.escape(settings.MEDIA_URL)}pictures/[0-9]{{4}}/[0-9]{{2}}/[\w-]+\.(jpg|png|webp)"
    return re.fullmatch(path, url, re.ASCII) is not None


def count_words(source: str) -> int:
    return len(WORD.findall(html.unescape(strip_tags(source.replace("<", " <")))))


def estimate_minutes(words: int) -> int:
    """Return how long `words` take to read: never less than a minute."""
    return max(1, round(words / WORDS_PER_MINUTE))
