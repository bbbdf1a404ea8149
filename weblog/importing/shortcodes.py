"""WordPress' shortcodes: their text is kept, the brackets go. Imports no Django.

https://developer.wordpress.org/apis/shortcode/ says how they are written, and that [[x]] shows [x].
"""

import html
import re
from collections import Counter
from collections.abc import Callable

from weblog.importing.embeds import PICTURE_ENDING, find_watch_address

KEPT = re.compile(
    r"<(pre|code|script|style|textarea)\b[^<>]*+>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)
CODE = re.compile(
    r"(?<!\[)\[(?P<name>code|sourcecode|source|php|python|js|javascript|css|html|xml|bash|shell|sql"
    r"|java|ruby|plain|text|cpp|csharp|perl|highlight)\b[^\[\]]*+\](?P<text>.*?)\[/(?P=name)\]",
    re.IGNORECASE | re.DOTALL,
)
CAPTION = re.compile(
    r"(?<!\[)\[(?P<name>caption|wp_caption)\b(?P<attributes>[^\]]*+)\](?P<text>.*?)\[/(?P=name)\]",
    re.IGNORECASE | re.DOTALL,
)
TAG = re.compile(
    r"(?P<escaped>\[?)\[(?P<closes>/?)(?P<name>[a-zA-Z][\w-]*)"
    r"(?P<attributes>(?:(?:\s|=|:|\|)(?:\"[^\"]*+\"|'[^']*+'|[^\[\]\"'])*+)?)/?\](?P<end>\]?)"
)
ATTRIBUTE = re.compile(
    r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))"""
    r"""|"([^"]*)"|'([^']*)'|(\S+)"""
)
IMAGE = re.compile(r"(?:<a\b[^<>]*+>\s*)?<img\b[^<>]*+>(?:\s*</a>)?", re.IGNORECASE)
# Words in brackets that people write; a shortcode of one word without an attribute or a closing
# tag is one of these, or of the known ones.
KNOWN = {
    *("gallery", "playlist", "audio", "video", "embed", "caption", "wp_caption", "youtube"),
    *("vimeo", "toc", "contact-form", "contact-form-7", "contact", "form", "sitemap", "archives"),
    *("subscribe", "recent-posts", "recent_posts", "products", "cart", "checkout", "slideshow"),
    *("googlemaps", "map", "polldaddy", "googleapps", "dropcap", "column", "row", "spacer"),
    *("divider", "clear", "more", "button", "tabs", "tab", "accordion", "toggle", "highlight"),
    *("quote", "pullquote", "footnote", "ref", "one_half", "one_third", "two_thirds", "raw"),
    *("latexpage", "portfolio", "jetpack-related-posts", "soundcloud", "bandcamp", "twitter"),
    *("tweet", "instagram", "facebook", "tiktok", "gist", "spotify"),
}
PLAYERS = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "tweet": "https://twitter.com/i/status/{}",
    "gist": "https://gist.github.com/{}",
}
ADDRESSES = (
    *("src", "url", "href", "mp3", "mp4", "m4a", "m4v", "ogg", "ogv", "webm", "wav", "flv", "link"),
)
FILE = re.compile(r"/[^/\s]\S*\.[a-z0-9]{2,5}", re.IGNORECASE)  # on the old site
EMBEDDED = re.compile(r"\[embed\b[^\]]*+\]\s*+([^\[\s]++)\s*+\[/embed\]", re.IGNORECASE)

type FindPictures = Callable[[dict], list[tuple[str, str]]]


def convert_shortcodes(text: str, notes: Counter, find_pictures: FindPictures) -> str:
    """Return the text without brackets of shortcodes, and count them by name.

    `find_pictures` gets the attributes of a gallery and returns (address, words) of its pictures.
    """
    text = CODE.sub(lambda found: _make_code(found, notes), text)
    pieces, place = [], 0
    for match in KEPT.finditer(text):
        pieces.append(_convert(text[place : match.start()], notes, find_pictures))
        pieces.append(match[0])
        place = match.end()
    pieces.append(_convert(text[place:], notes, find_pictures))
    return "".join(pieces)


def _make_code(match, notes):
    notes[f"shortcode [{match['name'].lower()}] made code"] += 1
    code = match["text"].strip("\r\n")
    if "<" in code or "&" not in code:
        code = html.escape(code, quote=False)
    return f"<pre><code>{code}</code></pre>"


def _convert(text, notes, find_pictures):
    text = CAPTION.sub(lambda found: _make_figure(found, notes), text)
    closed = {name.lower() for name in re.findall(r"\[/([a-zA-Z][\w-]*)\]", text)}

    def convert(match):
        name, attributes = match["name"].lower(), match["attributes"]
        if match["escaped"] and match["end"]:
            return match[0][1:-1]
        has_values = attributes[:1].isspace() and "=" in attributes
        is_one = name in KNOWN or name in closed or has_values or match[0].endswith("/]")
        if not is_one and not re.search(r"[_-]", name):
            return match[0]
        around = f"{match['escaped']}{{}}{match['end']}"
        if match["closes"]:
            return around.format("")
        return around.replace("{}", _replace(name, _read(attributes), notes, find_pictures), 1)

    return TAG.sub(convert, EMBEDDED.sub(r"[embed \1]", text))


def _read(attributes):
    """Return {name: value} of the attributes, and those without a name by their number."""
    found: dict = {}
    for match in ATTRIBUTE.finditer(attributes):
        value = next((each for each in match.groups()[1:] if each is not None), "")
        found[match[1].lower() if match[1] else len(found)] = html.unescape(value).strip("=")
    return found


def _replace(name, attributes, notes, find_pictures):
    if name in ("gallery", "slideshow", "playlist"):
        return _make_gallery(attributes, notes, find_pictures)
    first = str(attributes.get("id") or attributes.get(0) or "")
    addresses = [str(attributes[each]) for each in ADDRESSES if attributes.get(each)]
    addresses += [str(value) for key, value in attributes.items() if isinstance(key, int)]
    address = next((each for each in addresses if each.startswith(("http://", "https://"))), "")
    if not address and name in PLAYERS and first:
        address = PLAYERS[name].format(first)
    if not address and (file := next(filter(FILE.fullmatch, addresses), "")):
        notes[f"shortcode [{name[:40]}] made a link"] += 1
        return f'<video src="{html.escape(file)}"></video>'  # gets its whole address later
    if not address:
        notes[f"shortcode [{name[:40]}]: brackets left out"] += 1
        return ""
    notes[f"shortcode [{name[:40]}] made a link"] += 1
    if PICTURE_ENDING.search(address):
        words = html.escape(str(attributes.get("alt", "")))
        return f'<img src="{html.escape(address)}" alt="{words}">'
    address = find_watch_address(address)
    words = str(attributes.get("title") or address)
    return f'<a href="{html.escape(address)}">{html.escape(words)}</a>'


def _make_gallery(attributes, notes, find_pictures):
    pictures = find_pictures(attributes)
    if not pictures:
        notes["galleries without a picture in the file left out"] += 1
        return ""
    notes["galleries made lists of pictures"] += 1
    items = "".join(
        f'<li><img src="{html.escape(address)}" alt="{html.escape(words)}"></li>'
        if PICTURE_ENDING.search(address)
        else f'<li><a href="{html.escape(address)}">{html.escape(words)}</a></li>'
        for address, words in pictures
    )
    return f"\n<ul>{items}</ul>\n"


def _make_figure(match, notes):
    notes["captions kept below their pictures"] += 1
    text = match["text"].strip()
    words = str(_read(match["attributes"]).get("caption", ""))
    if shown := IMAGE.search(text):
        words = (text[: shown.start()] + text[shown.end() :]).strip() or html.escape(words)
        text = shown[0]
    caption = f"<figcaption>{words}</figcaption>" if words else ""
    return f"\n<figure>{text}{caption}</figure>\n"
