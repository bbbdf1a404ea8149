"""Cleans the HTML of blogs. Also runs outside the application, so it imports no Django."""

import re

import nh3

TAGS = nh3.ALLOWED_TAGS - {"area", "map"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "img": {"src", "alt", "width", "height"},
    "a": nh3.ALLOWED_ATTRIBUTES["a"] | {"id"},
    "li": {"id"},
}
# The two ends of a footnote. No other id, so that none is one of the page around the text.
FOOTNOTE_ID = re.compile(r"fn(?:ref)?-?[0-9][0-9a-f:-]{0,60}|fn(?:ref)?-[0-9a-f][0-9a-f-]{0,60}")
SCHEMES = {"http", "https", "mailto", "tel"}
MOST_CHARACTERS = 500_000  # the length of a book
MOST_DEEP = 200
VOID = {"br", "col", "hr", "img", "wbr"}

# In nh3's form, with every attribute in double quotes. Removing a picture leaves an empty figure.
PICTURE_WITHOUT_SOURCE = re.compile(
    r'<img(?: (?!src=)[a-z]+="[^"]*")*>|<figure>\s*<img(?: (?!src=)[a-z]+="[^"]*")*>\s*</figure>'
)
TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:\s++[a-zA-Z_:][\w:.-]*+="[^"]*+")*+\s*+/?>')
BETWEEN_TAGS = re.compile(r"[^<]*+(?:<!--(?:[^->]|-(?!-))*+-->[^<]*+)*+")


def clean(source: str, media_url: str) -> str:
    """Return HTML without scripts, styles, event handlers, and pictures that are not ours."""

    def keep_attribute(tag, attribute, value):
        if (tag, attribute) == ("img", "src") and not is_own_picture(value, media_url):
            return None
        if attribute == "id" and not FOOTNOTE_ID.fullmatch(value):
            return None
        return value

    cleaned = nh3.clean(
        source,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=keep_attribute,
        url_schemes=SCHEMES,
    )
    return PICTURE_WITHOUT_SOURCE.sub("", cleaned)


def is_own_picture(url: str, media_url: str) -> bool:
    """Return whether `url` is the plain path, from the root, of a picture uploaded here."""
    path = rf"{re.escape(media_url)}pictures/[0-9]{{4}}/[0-9]{{2}}/[\w-]+\.(jpg|png|webp)"
    return re.fullmatch(path, url, re.ASCII) is not None


def measure_depth(cleaned: str) -> int:
    """Return the greatest depth of nested tags. Exact for results of `clean`."""
    depth = deepest = 0
    for match in TAG.finditer(cleaned):
        if match[2] in VOID:
            continue
        depth += -1 if match[1] else 1
        deepest = max(deepest, depth)
    return deepest


def describe_problem(source: str, cleaned: str) -> str:
    """Return why the text, cleaned to `cleaned`, is refused, or ""."""
    if len(source) > MOST_CHARACTERS:
        return (
            f"It has {len(source):,} characters, and {MOST_CHARACTERS:,} are the most. Make two "
            "texts of it."
        )
    if len(cleaned) > 6 * MOST_CHARACTERS:  # a sign such as & is stored as five
        return "Its markup grows too long. Paste it as plain text, and format it here."
    if measure_depth(cleaned) > MOST_DEEP:
        return (
            f"More than {MOST_DEEP} tags are nested, such as lists in lists. Close them where "
            f"they end, or remove them."
        )
    return ""


def is_orderly(source: str) -> bool:
    """Return whether all tags are allowed ones, closed in order and not too deep.

    Only then does the time of cleaning grow just with the length. nh3 follows browsers' rules for
    unclosed tags, which can multiply them.
    """
    open_tags: list[str] = []
    place = _end_of_text(source, 0)
    while place < len(source):
        match = TAG.match(source, place)
        if match is None or match[2] not in TAGS:
            return False
        if match[1]:
            if not open_tags or open_tags.pop() != match[2]:
                return False
        elif match[2] not in VOID:
            open_tags.append(match[2])
            if len(open_tags) > MOST_DEEP:
                return False
        place = _end_of_text(source, match.end())
    return not open_tags


def _end_of_text(source: str, start: int) -> int:
    match = BETWEEN_TAGS.match(source, start)
    return match.end() if match else start


def run_apart(source, answer, media_url):
    """Clean the file; backoffice.bounded runs this."""
    answer.write(clean(source.read().decode(), media_url).encode())
