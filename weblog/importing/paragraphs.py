"""Blank lines as paragraphs and newlines as breaks, as WordPress shows them. Imports no Django.

A newline beside a block is no break, and nothing changes in what is kept as it stands: <pre> and
the like.
"""

import re

KEPT = re.compile(
    r"<(?P<tag>pre|script|style|textarea|svg|math)\b[^<>]*+>.*?(?:</(?P=tag)\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
BLOCK = re.compile(
    r"(?P<kept>\0\d+\0)|<!--.*?(?:-->|\Z)"
    r"|<(?P<closes>/?)(?P<name>p|div|h[1-6]|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tfoot|tr|td"
    r"|th|colgroup|col|blockquote|figure|figcaption|section|article|aside|header|footer|main|nav"
    r"|hgroup|hr|form|fieldset|address|details|summary|center|menu)\b[^<>]*+>",
    re.IGNORECASE | re.DOTALL,
)
BREAK = re.compile(r"(<br\s*/?>)?[ \t]*\r?\n[ \t]*", re.IGNORECASE)
BLANK_LINES = re.compile(r"\r?\n[ \t]*\r?\n\s*")
BLANK_START = re.compile(r"[ \t]*\r?\n[ \t]*\r?\n")
BLANK_END = re.compile(r"\n[ \t]*\r?\n[ \t]*\Z")
EMPTY = re.compile(r"(?:\s|<br\s*/?>)*\Z", re.IGNORECASE)

VOID = {"hr", "col"}
# In these, words stand in paragraphs; in the others only where a blank line parts them.
ROOMS = {"", "blockquote", "section", "article", "main", "center", "form", "aside"}
# Words in these stay as they are; blanks between their parts are none of the text.
FRAMES = {"ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "figure", "menu"}


def add_paragraphs(text: str) -> str:
    """Return HTML with paragraphs and breaks in place of blank lines and newlines."""
    kept: list[str] = []

    def keep(match):
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    text = KEPT.sub(keep, text.replace("\0", ""))
    made = "".join(_list_pieces(text))
    return re.sub(r"\0(\d+)\0", lambda found: kept[int(found[1])], made).strip("\n")


def _list_pieces(text):
    open_tags: list[str] = []
    place = 0
    for match in BLOCK.finditer(text):
        yield _format_words(text[place : match.start()], open_tags[-1] if open_tags else "")
        yield match[0]
        _follow(open_tags, match)
        place = match.end()
    yield _format_words(text[place:], open_tags[-1] if open_tags else "")


def _follow(open_tags, match):
    name = (match["name"] or "").lower()
    if not name or name in VOID:
        return
    if not match["closes"]:
        open_tags.append(name)
    elif name in open_tags:
        while open_tags.pop() != name:
            pass


def _format_words(words, room):
    """Return the words between two blocks, which stand directly in `room`."""
    if EMPTY.match(words):
        return "\n" if "\n\n" in words.replace("\r", "") and room in ROOMS else ""
    if room in FRAMES:
        return words.strip()
    pieces = [piece for piece in map(_add_breaks, BLANK_LINES.split(words.strip())) if piece]
    if room == "p":
        return "</p>\n<p>".join(pieces)
    if room in ROOMS:
        before = "\n" if BLANK_START.match(words) else ""
        after = "\n" if BLANK_END.search(words) else ""
        return before + "\n".join(f"<p>{piece}</p>" for piece in pieces) + after
    if len(pieces) > 1 and room in ("div", "li", "td", "dd", "details"):
        return "\n".join(f"<p>{piece}</p>" for piece in pieces)
    if len(pieces) > 1:
        return "<br><br>".join(pieces)
    # A blank beside an inline tag belongs to the words.
    return pieces[0] if pieces else ""


def _add_breaks(piece):
    return BREAK.sub(lambda found: f"{found[1]}\n" if found[1] else "<br>", piece.strip())
