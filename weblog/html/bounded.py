"""Cleaning of blogs' HTML within bounds, and facts about it."""

import html
import io
import re
from functools import lru_cache

from django.conf import settings
from django.utils.html import escape, strip_tags

from backoffice.bounded import BoundReached, Bounds, MachineBusy, run_bounded
from weblog.errors import TextRefused
from weblog.html import cleaning
from weblog.html.cleaning import MOST_CHARACTERS

FEW_TAGS = 500  # in any arrangement, cleaning this many takes an eighth of a second at most
FEW_ENTITIES = 50_000  # nh3's time for n of them grows with n²: a fifth of a second for twice that
BOUNDS = Bounds(seconds=2, memory=200_000_000, answer=5_000_000)

WORD = re.compile(r"\w[\w'’-]*")
WORDS_PER_MINUTE = 238  # silent reading of English non-fiction: Brysbaert, 2019


class CleanHTML(str):
    """What `clean_html` returned, and would return again. Anything made of it is a plain str."""

    __slots__ = ()


def clean_html(source: str) -> CleanHTML:
    """Return HTML without scripts, styles, event handlers, and pictures that are not ours.

    Raises TextRefused if it is too long, nested too deeply, or takes too long to clean.
    """
    if isinstance(source, CleanHTML):
        return source
    if len(source) > MOST_CHARACTERS:
        raise TextRefused(cleaning.describe_problem(source, ""))
    if _is_quickly_cleaned(source):
        cleaned = cleaning.clean(source, settings.MEDIA_URL)
    else:
        try:
            cleaned, problem = _clean_apart(source, settings.MEDIA_URL)
        except MachineBusy as error:  # which is nothing to remember of a text
            raise TextRefused(str(error)) from error
        if problem:
            raise TextRefused(problem)
    if problem := cleaning.describe_problem(source, cleaned):
        raise TextRefused(problem)
    return CleanHTML(cleaned)


def _is_quickly_cleaned(source):
    if source.count("&") > FEW_ENTITIES:
        return False
    return source.count("<") <= FEW_TAGS or cleaning.is_orderly(source)


@lru_cache(maxsize=4)  # a form cleans a text to check, to compare and to store it
def _clean_apart(source, media_url):
    try:
        with run_bounded(
            "weblog.html.cleaning:run_apart",
            io.BytesIO(source.encode()),
            what="Its markup",
            advice="Paste it as plain text, and format it here.",
            bounds=BOUNDS,
            args=(media_url,),
        ) as answer:
            return answer.read().decode(), ""
    except MachineBusy:
        raise
    except BoundReached as error:
        return "", str(error)


def show_html(stored: str) -> str:
    """Return a stored text as readers see it; only its words if it can't be cleaned."""
    try:
        return clean_html(stored)
    except TextRefused:
        return f"<p>{escape(re.sub('<[^<>]*+>', ' ', stored[:MOST_CHARACTERS]))}</p>"


def is_own_picture(url: str) -> bool:
    """Whether `url` leads to a picture that was uploaded here: its path alone, from the root."""
    return cleaning.is_own_picture(url, settings.MEDIA_URL)


def count_words(source: str) -> int:
    return len(WORD.findall(html.unescape(strip_tags(source.replace("<", " <")))))


def estimate_minutes(words: int) -> int:
    """Return the minutes that `words` take to read, at least one."""
    return max(1, round(words / WORDS_PER_MINUTE))
