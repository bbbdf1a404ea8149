"""The texts of WordPress' posts as HTML: blocks, or classic text. Imports no Django."""

import html
import json
import re
from collections import Counter

from weblog.importing.embeds import find_watch_address
from weblog.importing.paragraphs import add_paragraphs
from weblog.importing.shortcodes import convert_shortcodes

BLOCK_MARK = re.compile(
    r"<!--\s+(?P<closes>/)?wp:(?P<name>[a-z][a-z0-9_-]*(?:/[a-z][a-z0-9_-]*)?)\s+"
    r"(?:(?P<values>\{(?:[^}]|\}(?!\s+/?-->))*+\})\s+)?(?P<alone>/)?-->",
)
EMBED = re.compile(
    r'(<div class="wp-block-embed__wrapper">)\s*(https?://[^\s<>"]+)\s*(</div>)', re.IGNORECASE
)
LONE_ADDRESS = re.compile(r"^[ \t]*(https?://[^\s<>\"\[\]]+)[ \t]*\r?$", re.MULTILINE)
KEPT = re.compile(r"<(pre|script|style|textarea)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
FOOTNOTE = re.compile(
    r'<sup data-fn="(?P<id>[\w-]+)"[^<>]*><a [^<>]*>(?P<words>[^<]*)</a></sup>', re.IGNORECASE
)
# Blocks that WordPress fills in when it shows the page, of which the text holds no word.
SILENT = {"more", "nextpage", "spacer", "separator", "footnotes"}


def convert_text(text: str, *, notes: Counter, find_pictures, footnotes: str = "") -> str:
    """Return HTML of a post's text. `footnotes` is the JSON that WordPress keeps beside it."""
    text = text.replace("\r\n", "\n")
    if BLOCK_MARK.search(text):
        text = "".join(_list_block_pieces(text, notes))
        text = convert_shortcodes(text, notes, find_pictures)
    else:
        text = add_paragraphs(
            convert_shortcodes(_link_addresses(text, notes), notes, find_pictures)
        )
    return _add_footnotes(text, footnotes, notes)


def _list_block_pieces(text, notes):
    """Yield the text without the marks of blocks; what is in no block is classic text."""
    depth, place = 0, 0
    for match in BLOCK_MARK.finditer(text):
        yield _convert_piece(text[place : match.start()], depth, notes)
        place = match.end()
        if match["alone"]:
            yield _replace_block(match, notes)
        elif match["closes"]:
            depth = max(0, depth - 1)
        else:
            depth += 1
    yield _convert_piece(text[place:], depth, notes)


def _convert_piece(piece, depth, notes):
    if depth == 0 and piece.strip():
        return add_paragraphs(_link_addresses(piece, notes)) + "\n"
    return EMBED.sub(lambda found: f"{found[1]}{_make_link(found[2], notes)}{found[3]}", piece)


def _replace_block(match, notes):
    name = match["name"].removeprefix("core/")
    if name in SILENT:
        return "\n<hr>\n" if name == "separator" else ""
    values = _load(match["values"])
    if isinstance(url := values.get("url"), str) and url.startswith(("http://", "https://")):
        return f"<p>{_make_link(url, notes)}</p>"
    notes[f"block “{name[:60]}” left out"] += 1
    return ""


def _load(values):
    try:
        loaded = json.loads(values or "{}")
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _link_addresses(text, notes):
    """Make a link of each address on a line of its own, which WordPress shows as what it is of."""
    pieces, place = [], 0

    def link(found):
        return _make_link(found[1], notes)

    for match in KEPT.finditer(text):
        pieces.append(LONE_ADDRESS.sub(link, text[place : match.start()]))
        pieces.append(match[0])
        place = match.end()
    pieces.append(LONE_ADDRESS.sub(link, text[place:]))
    return "".join(pieces)


def _make_link(address, notes):
    notes["addresses on a line of their own made links"] += 1
    address = html.escape(find_watch_address(html.unescape(address)))
    return f'<a href="{address}">{address}</a>'


def _add_footnotes(text, footnotes, notes):
    ids = [match["id"] for match in FOOTNOTE.finditer(text)]
    if not ids:
        return text

    def mark(match):
        name = match["id"]
        return f'<sup><a href="#fn-{name}" id="fnref-{name}">{match["words"]}</a></sup>'

    try:
        loaded = json.loads(footnotes or "[]")
        words = {each["id"]: str(each["content"]) for each in loaded}
    except (ValueError, TypeError, KeyError, RecursionError):
        words = {}
    notes["footnotes without a text"] += len(set(ids) - words.keys())
    notes["footnotes"] += len(words)
    items = "".join(
        f'<li id="fn-{name}">{words[name]} <a href="#fnref-{name}">↩︎</a></li>'
        for name in dict.fromkeys(ids)
        if name in words
    )
    return FOOTNOTE.sub(mark, text) + (f"\n<hr>\n<ol>{items}</ol>" if items else "")
