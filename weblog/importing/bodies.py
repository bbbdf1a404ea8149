"""Converts the texts of imported posts. Also runs outside the application, without Django.

What a blog can't hold becomes a link to where it lies, or goes; each kind is counted.
"""

import html
import re
from collections import Counter
from urllib.parse import urljoin

from weblog.html import cleaning
from weblog.importing.embeds import PICTURE_ENDING, find_watch_address
from weblog.importing.hidden import find_hidden

# Ends at the next picture, so that an unclosed tag does not scan to the end of the text.
IMAGE = re.compile(r"<img\b(?:[^<>]++|<(?!img\b))*+>", re.IGNORECASE)
LINKED_IMAGE = re.compile(
    r"<a\b(?P<link>[^<>]*+)>\s*+(?P<image><img\b[^<>]*+>)\s*+</a>", re.IGNORECASE
)
FRAME = re.compile(
    r"<(?P<tag>iframe|video|audio|object)\b(?P<attributes>[^<>]*+)>"
    r"(?P<content>(?:[^<]++|<(?!/?(?:iframe|video|audio|object)\b))*+)(?:</(?P=tag)\s*+>)?+"
    r"|<(?P<alone>embed)\b(?P<rest>[^<>]*+)>",
    re.IGNORECASE,
)
ATTRIBUTE = re.compile(
    r"""(?<![\w-])(src|alt|href|data|title|data-src|data-lazy-src|data-orig-file)\s*=\s*"""
    r"""("[^"]*"|'[^']*'|[^\s"'<>=`]+)""",
    re.IGNORECASE,
)
TAG_NAME = re.compile(r"<([a-zA-Z][\w:-]*)")
HEADING = re.compile(r"<(/?)h1\b", re.IGNORECASE)
LINK_ADDRESS = re.compile(r"""(<a\b[^<>]*?\bhref\s*=\s*)("[^"<>]*"|'[^'<>]*')""", re.IGNORECASE)
KINDS = {
    "iframe": "frame",
    "video": "video",
    "audio": "sound",
    "object": "object",
    "embed": "object",
}
# Tags that go without a loss: what stands in them stays.
PLAIN = {
    *("section", "main", "font", "html", "head", "body", "picture", "source", "track", "tfoot"),
    *("big", "nobr", "param", "label", "fieldset", "legend", "address", "menu", "noscript", "meta"),
}


def convert_body(text: str, base: str = "", site: str = "") -> tuple[str, list[list[str]], Counter]:
    """Return HTML with links in place of what lies elsewhere, [address, words] of its pictures,
    and what was converted, counted.

    `base` is the address that relative ones start from; where none is known, those of pictures and
    the like that begin with / start from `site`.
    """
    notes: Counter[str] = Counter()
    pictures: list[list[str]] = []
    # A browser takes code of PHP for a comment, so its reader would see nothing of it.
    text = text.replace("__GHOST_URL__", "").replace("<?", "&lt;?")

    def link_picture(match):
        attributes = _read_attributes(match[0])
        return _link_picture(attributes, "", (base, site), pictures, notes)

    def link_linked_picture(match):
        leads_to = _read_attributes(match["link"]).get("href", "")
        attributes = _read_attributes(match["image"])
        return _link_picture(attributes, leads_to, (base, site), pictures, notes)

    def link_frame(match):
        return _link_frame(match, (base, site), notes)

    text = FRAME.sub(link_frame, text)
    text = IMAGE.sub(link_picture, LINKED_IMAGE.sub(link_linked_picture, text))
    if base:
        text = LINK_ADDRESS.sub(lambda found: _make_absolute(found, base), text)
    text, headings = HEADING.subn(r"<\1h2", text)
    notes["main headings made second ones"] += headings // 2
    for name in TAG_NAME.findall(text):
        if (tag := name.lower()) not in cleaning.TAGS and tag not in PLAIN:
            notes[f"<{tag[:40]}> left out"] += 1
    return text, pictures, +notes


def _read_attributes(tag):
    found: dict[str, str] = {}
    for name, value in ATTRIBUTE.findall(tag):
        plain = html.unescape(value.strip("\"'")).strip()
        found.setdefault(name.lower(), plain)
    return found


def _link_picture(attributes, leads_to, bases, pictures, notes):
    address = next(
        (attributes[name] for name in ("src", "data-orig-file", "data-src", "data-lazy-src")
         if attributes.get(name) and not attributes[name].startswith("data:")), "",
    )  # fmt: skip
    words = " ".join((attributes.get("alt") or "").split()) or "picture"
    if leads_to and PICTURE_ENDING.search(leads_to):
        address, leads_to = leads_to, ""
    address = _find(bases, address)
    if not address.startswith(("http://", "https://")):
        notes["pictures without an address of their own, named in the text"] += 1
        where = f" ({address[:200]})" if address and not address.startswith("data:") else ""
        made = html.escape(f"[{words}{where}]")
    else:
        pictures.append([address, words])
        made = make_picture_link(address, words)
    if leads_to:
        made += f' <a href="{html.escape(leads_to)}">{html.escape(leads_to)}</a>'
    return made


def make_picture_link(address: str, words: str) -> str:
    return f'<a href="{html.escape(address)}">[{html.escape(words)}]</a>'


def _link_frame(match, bases, notes):
    tag = (match["tag"] or match["alone"]).lower()
    inside = match["content"] or ""
    attributes = _read_attributes(match["attributes"] or match["rest"] or "")
    within = _read_attributes(" ".join(re.findall(r"<(?:source|embed|a)\b[^<>]*+>", inside)))
    address = attributes.get("src") or attributes.get("data") or attributes.get("data-src") or ""
    address = _find(bases, address or within.get("src") or within.get("href") or "")
    kind = KINDS[tag]
    if not address.startswith(("http://", "https://")):
        notes[f"{kind}s without an address left out"] += 1
        return inside if tag in ("video", "audio", "object") else ""
    notes[f"{kind}s made links"] += 1
    address = find_watch_address(address)
    words = attributes.get("title") or address
    return f'<a href="{html.escape(address)}">{html.escape(words)}</a>'


def _make_absolute(match, base):
    address = html.unescape(match[2][1:-1]).strip()
    if not address or address.startswith(("#", "mailto:", "tel:")) or "[" in address:
        return match[0]
    return f'{match[1]}"{html.escape(_join(base, address))}"'


def _find(bases, address):
    base, site = bases
    return _join(base or (site if address.startswith("/") else ""), address)


def _join(base, address):
    address = address.strip()
    if address.startswith("//"):
        return f"https:{address}"
    try:
        return urljoin(base, address) if base and address else address
    except ValueError:
        return address


def clean_body(record: dict, media_url: str) -> dict:
    """Return what a record's text becomes, ready to store, and its problem if there is one."""
    text, pictures, notes = convert_body(
        record["body"], record.get("base", ""), record.get("site", "")
    )
    cleaned = "" if len(text) > cleaning.MOST_CHARACTERS else cleaning.clean(text, media_url)
    made = {"pictures": pictures, "body_notes": notes}
    if problem := cleaning.describe_problem(text, cleaned):
        return {"body": "", "text_problem": problem} | made
    return {"body": cleaned, "hidden": find_hidden(record["body"])} | made
