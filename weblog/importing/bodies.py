"""Converts the texts of imported posts. Also runs outside the application, without Django."""

import re

from weblog import cleaning

# Ends at the next picture, so that an unclosed tag does not scan to the end of the text.
IMAGE = re.compile(r"<img\b(?:[^<>]++|<(?!img\b))*+>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""\b(src|alt)\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
BLOCKS = re.compile(
    r"<(p|div|h[1-6]|ul|ol|li|table|blockquote|pre|figure|section|hr|dl|form)\b|<!--", re.IGNORECASE
)


def link_pictures(text: str) -> tuple[str, int]:
    """Return HTML with links in place of the pictures, which lie elsewhere, and their number."""
    return IMAGE.subn(_link_picture, text)


def _link_picture(match):
    found = {name.lower(): value[1:-1] for name, value in ATTRIBUTE.findall(match[0])}
    address, words = found.get("src", ""), found.get("alt") or "picture"
    if not address.startswith(("http://", "https://")):
        return f"[{words}]"
    return f'<a href="{address}">[{words}]</a>'


def add_paragraphs(text: str) -> str:
    """Turn blank lines into paragraphs where the text has no blocks yet, as WordPress shows it."""
    pieces = [piece.strip() for piece in re.split(r"\r?\n\s*\n", text)]
    return "\n".join(
        piece if BLOCKS.match(piece) else f"<p>{re.sub(r'\r?\n', '<br>', piece)}</p>"
        for piece in pieces
        if piece
    )


def clean_body(text: str, media_url: str) -> dict:
    """Return a text ready to store, its number of pictures, and its problem or ""."""
    text, pictures = link_pictures(text)
    cleaned = "" if len(text) > cleaning.MOST_CHARACTERS else cleaning.clean(text, media_url)
    if problem := cleaning.describe_problem(text, cleaned):
        return {"body": "", "pictures": pictures, "text_problem": problem}
    return {"body": cleaned, "pictures": pictures}
