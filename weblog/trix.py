"""Texts on their way into the rich text editor, and out of it again.

Trix turns a picture into an attachment and keeps only the JSON in the `data-trix-attachment` of its
figure; it drops the description of a plain <img>. Typed text comes as one <div>, with two <br>
between paragraphs.
"""

import html
import json
import re

from django.utils.html import format_html, strip_tags

# The content of a tag, up to the next one of its kind, so that unclosed tags don't scan the whole
# rest.
_UP_TO = r"(?:[^<]++|<(?!/?%s\b))*+"
PICTURE = re.compile(
    r"<figure>\s*+(?P<captioned>{img})\s*+"
    r"(?:<figcaption>(?P<caption>{caption})</figcaption>)?+\s*+</figure>"
    r"|(?P<alone>{img})".format(img=r'<img(?: [a-z]+="[^"]*")*+>', caption=_UP_TO % "figcaption")
)
ATTACHMENT = re.compile(
    r'<figure(?P<attributes>(?:\s++[\w-]+="[^"]*+")*+)\s*+>' + _UP_TO % "figure" + "</figure>",
    re.IGNORECASE,
)
BLOCK = re.compile(r"<(div|p)>((?:(?!<div\b|<p\b).)*?)</\1>", re.DOTALL)
PARAGRAPH_END = re.compile(rf"(<figure>{_UP_TO % 'figure'}</figure>)|(?:<br>\s*+){{2,}}")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')

# The editor silently reduces any other tag to its text.
KNOWN_TAGS = {
    *("p", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "ul", "ol", "li"),
    *("a", "b", "strong", "i", "em", "u", "s", "del", "code", "small", "sub", "sup", "span"),
    *("figure", "img", "figcaption"),
}
TAG = re.compile(r"<([a-z][a-z0-9]*)")


def find_unknown_tags(body: str) -> set[str]:
    """Return the tags of a clean `body` that the editor would drop."""
    return set(TAG.findall(body)) - KNOWN_TAGS


def to_editor(body: str) -> str:
    """Return a clean `body` with its pictures as the editor's attachments."""
    return PICTURE.sub(_to_attachment, body)


def _to_attachment(match):
    attributes = _read_attributes(match["captioned"] or match["alone"])
    picture = {"contentType": "image", "url": attributes.get("src", "")}
    picture["alt"] = attributes.get("alt", "")
    for side in ("width", "height"):
        if attributes.get(side, "").isdecimal():
            picture[side] = int(attributes[side])
    caption = html.unescape(strip_tags(match["caption"] or ""))
    return format_html(
        '<figure data-trix-attachment="{}" data-trix-attributes="{}"></figure>',
        json.dumps(picture),
        json.dumps({"caption": caption} if caption else {}),
    )


def from_editor(body: str) -> str:
    """Return the editor's HTML as pictures and paragraphs, not yet cleaned."""
    if find_unknown_tags(body):
        return body  # as a person wrote it
    return BLOCK.sub(_to_paragraphs, ATTACHMENT.sub(_to_picture, body))


def _to_picture(match):
    attributes = _read_attributes(match["attributes"])
    if "data-trix-attachment" not in attributes:
        return match[0]
    picture = _read_json(attributes["data-trix-attachment"])
    caption = _read_json(attributes.get("data-trix-attributes", "{}")).get("caption")
    values = [picture.get(name) or "" for name in ("url", "alt", "width", "height")]
    image = format_html('<img src="{}" alt="{}" width="{}" height="{}">', *values)
    shown = format_html("<figcaption>{}</figcaption>", caption) if caption else ""
    return format_html("<figure>{}{}</figure>", image, shown)


def _to_paragraphs(match):
    """Close a paragraph before each picture, and where an empty line was left.

    Bold that spans two paragraphs is left open here: nh3 closes it, and opens it in the next.
    """
    pieces = [piece for piece in PARAGRAPH_END.split(match[2]) if piece and piece != "<br>"]
    return "".join(piece if piece.startswith("<figure>") else f"<p>{piece}</p>" for piece in pieces)


def _read_attributes(tag):
    return {name: html.unescape(value) for name, value in ATTRIBUTE.findall(tag)}


def _read_json(text):
    """Return the object in `text`, or {} for other text: a POST may hold anything."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
