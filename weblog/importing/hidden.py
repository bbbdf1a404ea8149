"""Words that the source of a text hides from its readers. Imports no Django.

What hides them does not come in with a text: cleaned, they would stand there for everyone to read.
"""

import re
from html.parser import HTMLParser

# Looked for before anything is parsed.
SIGNS = re.compile(r"hidden|display|visibility|opacity|font-size|tooltip|d-none|<template|<dialog")
STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|(?:opacity|font-size)\s*:\s*0(?:\.0+)?(?:px|em|rem|pt|%)?\s*(?:;|!|$))",
    re.IGNORECASE,
)
CLASSES = {"hidden", "d-none", "is-hidden", "tooltip", "tooltiptext"}
OPENS_ABOVE = re.compile(r"tooltip|tippy|popover|pop-?up|modal|lightbox|dropdown", re.IGNORECASE)
VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
}
WORD = re.compile(r"[^\W\d_]{2}")
LONGEST = 60  # of what is quoted
MOST_DEEP = 1_000


class _Finder(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.hiding = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in VOID or len(self.open) >= MOST_DEEP:
            return
        hides = _hides(tag, {name: value or "" for name, value in attrs})
        self.open.append((tag, hides))
        self.hiding += hides
        if hides:
            self.texts.append("")

    def handle_endtag(self, tag):
        if not any(name == tag for name, _ in self.open):
            return
        while self.open:
            name, hides = self.open.pop()
            self.hiding -= hides
            if name == tag:
                return

    def handle_data(self, data):
        if self.hiding and self.open[-1][0] not in ("script", "style"):
            self.texts[-1] += data


def _hides(tag, attributes):
    if tag == "template" or (tag == "dialog" and "open" not in attributes):
        return True
    return (
        "hidden" in attributes
        or _is_closed(attributes)
        or attributes.get("role", "").strip().lower() == "tooltip"
        or STYLE.search(attributes.get("style", "")) is not None
        or not CLASSES.isdisjoint(attributes.get("class", "").lower().split())
    )


def _is_closed(attributes):
    """Whether it opens above the page only when asked. aria-hidden alone hides from no reader."""
    names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    hides = attributes.get("aria-hidden", "").strip().lower() == "true"
    return hides and OPENS_ABOVE.search(names) is not None


def find_hidden(text: str) -> str:
    """Return why a text is not to be shown: its first hidden words; or ""."""
    if not SIGNS.search(text.lower()):
        return ""
    finder = _Finder()
    finder.feed(text)
    finder.close()
    found = next((text for text in finder.texts if WORD.search(text)), "")
    if not found:
        return ""
    found = " ".join(found.split())
    found = found if len(found) <= LONGEST else f"{found[: LONGEST - 1]}…"
    return (
        f"its source hides “{found}” from readers, who would see it here. Remove it from the file, "
        "or leave the post out."
    )
