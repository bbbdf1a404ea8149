"""Ghost's own forms of texts, Lexical and Mobiledoc, as HTML. Imports no Django.

Nodes and cards as of https://github.com/TryGhost/Koenig (kg-default-nodes, kg-default-cards) and of
https://github.com/bustle/mobiledoc-kit/blob/master/MOBILEDOC.md.
"""

import html
import json
import re
from collections import Counter

from markdown_it import MarkdownIt

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
FORMATS = {1: "strong", 2: "em", 4: "s", 8: "u", 16: "code", 32: "sub", 64: "sup", 128: "mark"}
BLOCKS = {
    "paragraph": "p",
    "quote": "blockquote",
    "extended-quote": "blockquote",
    "aside": "blockquote",
    "listitem": "li",
}
MARKUPS = {"strong", "b", "em", "i", "u", "s", "code", "sub", "sup", "mark", "del", "small"}
SECTIONS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "aside", "pull-quote"}
HEADING = re.compile(r"h[1-6]")
MOST_DEEP = 100


def make_html(lexical: str, mobiledoc: str, notes: Counter) -> str | None:
    """Return the HTML of a text in either form; None if one is there and neither can be read."""
    is_readable = not (lexical or mobiledoc)
    for text, convert in ((lexical, _convert_lexical), (mobiledoc, _convert_mobiledoc)):
        try:
            made = convert(json.loads(text), notes) if text else ""
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            continue
        is_readable = is_readable or bool(text)
        if made:
            return made
    return "" if is_readable else None


def _convert_lexical(document, notes):
    return "\n".join(
        filter(None, (_convert(node, notes, 0) for node in document["root"]["children"]))
    )


def _convert(node, notes, depth):
    """Return the HTML of a node of Lexical."""
    if not isinstance(node, dict) or depth > MOST_DEEP:
        return ""
    kind = node.get("type", "")
    if kind in ("text", "extended-text", "code-highlight"):
        return _format_text(_string(node, "text"), node.get("format"))
    if kind == "linebreak":
        return "<br>"
    if kind == "tab":
        return " "
    if kind == "list":
        return _convert_list(node, notes, depth)
    inside = "".join(_convert(child, notes, depth + 1) for child in node.get("children") or ())
    if kind in BLOCKS:
        return f"<{BLOCKS[kind]}>{inside}</{BLOCKS[kind]}>" if inside else ""
    if kind in ("heading", "extended-heading"):
        tag = node.get("tag") if HEADING.fullmatch(str(node.get("tag"))) else "h2"
        return f"<{tag}>{inside}</{tag}>"
    if kind in ("link", "autolink", "at-link"):
        return _link(_string(node, "url"), inside)
    if kind == "code":
        return f"<pre><code>{inside}</code></pre>"
    return _convert_card(kind, node, notes) or inside


def _convert_list(node, notes, depth):
    """Return a list. One within it is all that an item of its own holds, and an item without

    words is shown as an empty bullet: it belongs to the item before.
    """
    tag = "ol" if node.get("listType") == "number" or node.get("tag") == "ol" else "ul"
    items: list[str] = []
    for child in node.get("children") or ():
        made = _convert(child, notes, depth + 1)
        if not _holds_only_lists(child):
            items.append(made)
        elif items:
            inside = made.removeprefix("<li>").removesuffix("</li>")
            items[-1] = f"{items[-1].removesuffix('</li>')}{inside}</li>"
        else:  # a list that begins further in has nothing to be a part of
            for inner in child["children"]:
                list_made = _convert_list(inner, notes, depth + 1)
                items.append(list_made[len("<ul>") : -len("</ul>")])
    return f"<{tag}>{''.join(items)}</{tag}>"


def _holds_only_lists(node):
    if not isinstance(node, dict) or node.get("type") != "listitem" or not node.get("children"):
        return False
    return all(isinstance(each, dict) and each.get("type") == "list" for each in node["children"])


def _format_text(text, format_):
    made = html.escape(text, quote=False)
    for bit, tag in FORMATS.items():
        if isinstance(format_, int) and format_ & bit:
            made = f"<{tag}>{made}</{tag}>"
    return made


def _convert_card(kind, card, notes):
    """Return the HTML of a card, by the names that both forms give to its values."""
    kind = kind.removeprefix("card-").lower()
    source = _string(card, "src") or _string(card, "url")
    caption = _string(card, "caption")
    shown = f"<figcaption>{caption}</figcaption>" if caption else ""
    match kind:
        case "image":
            alt = html.escape(_string(card, "alt"))
            return f'<figure><img src="{html.escape(source)}" alt="{alt}">{shown}</figure>'
        case "gallery":
            images = [each for each in card.get("images") or [] if isinstance(each, dict)]
            figures = [_convert_card("image", each, notes) for each in images]
            return "".join(figures) + (f"<p>{caption}</p>" if caption else "")
        case "html":
            return _string(card, "html")
        case "markdown" | "markdown-card":
            return MARKDOWN.render(_string(card, "markdown"))
        case "codeblock" | "code":
            code = html.escape(_string(card, "code"), quote=False)
            return f"<figure><pre><code>{code}</code></pre>{shown}</figure>"
        case "horizontalrule" | "hr" | "divider":
            return "<hr>"
        case "paywall" | "email" | "email-cta" | "signup":
            notes[f"card “{kind}” left out"] += 1
            return "<!-- -->"
    return _convert_linking_card(kind, card, source, notes)


def _convert_linking_card(kind, card, source, notes):
    words = {name: _string(card, name) for name in ("title", "description", "content", "heading")}
    match kind:
        case "embed" | "video" | "audio" | "file" | "bookmark" | "button" | "product" | "header":
            metadata = card.get("metadata")
            inner = metadata if isinstance(metadata, dict) else {}
            title = words["title"] or _string(inner, "title") or _string(card, "fileTitle")
            title = title or _string(card, "buttonText") or _string(card, "productTitle")
            address = source or _string(card, "buttonUrl") or _string(card, "productUrl")
            text = words["description"] or _string(card, "productDescription")
            notes[f"card “{kind}” made a link"] += 1
            link = _link(address, html.escape(title or address)) if address else html.escape(title)
            heads = [words["heading"], _string(card, "subheading")]
            above = "".join(f"<p><strong>{head}</strong></p>" for head in heads if head)
            text = text if text.startswith("<") or not text else f"<p>{text}</p>"
            caption = _string(card, "caption")
            below = f"<p>{caption}</p>" if caption else ""
            return above + (f"<p>{link}</p>" if link else "") + text + below
        case "callout" | "toggle" | "call-to-action" | "transistor":
            text = _string(card, "calloutText") or _string(card, "textValue") or words["content"]
            heading = words["heading"]
            notes[f"card “{kind}” made plain text"] += 1
            button = _string(card, "buttonUrl")
            link = _link(button, html.escape(_string(card, "buttonText") or button))
            below = f"<p>{link}</p>" if button else ""
            return (f"<h3>{heading}</h3>" if heading else "") + f"<div>{text}</div>{below}"
    if kind not in ("root", "") and "children" not in card:
        notes[f"card “{kind[:40]}” left out"] += 1
        texts = [value for value in words.values() if value]
        return "".join(f"<p>{text}</p>" for text in texts) or "<!-- -->"
    return ""


def _convert_mobiledoc(document, notes):
    cards, atoms, markups = (document.get(name) or [] for name in ("cards", "atoms", "markups"))
    made = []
    for kind, *values in document["sections"]:
        if kind == 1:
            tag = values[0] if values[0] in SECTIONS else "p"
            tag = "blockquote" if tag in ("aside", "pull-quote") else tag
            inside = _join_markers(values[1], markups, atoms)
            made.append(f"<{tag}>{inside}</{tag}>" if inside else "")
        elif kind == 2:
            made.append(f'<img src="{html.escape(str(values[0]))}" alt="">')
        elif kind == 3:
            tag = "ol" if values[0] == "ol" else "ul"
            items = "".join(f"<li>{_join_markers(each, markups, atoms)}</li>" for each in values[1])
            made.append(f"<{tag}>{items}</{tag}>")
        elif kind == 10:
            name, payload = cards[values[0]][:2]
            made.append(_convert_card(name, payload if isinstance(payload, dict) else {}, notes))
    return "\n".join(filter(None, made))


def _join_markers(markers, markups, atoms):
    made, open_tags = [], []
    for kind, opened, closed, value in markers:
        for index in opened:
            name, attributes = markups[index][0], (markups[index][1:] or [[]])[0]
            found = dict(zip(attributes[::2], attributes[1::2], strict=False))
            tag = name if name in MARKUPS | {"a"} else "span"
            href = f' href="{html.escape(str(found.get("href", "")))}"' if tag == "a" else ""
            made.append(f"<{tag}{href}>")
            open_tags.append(tag)
        text = value if kind == 0 else atoms[value][1] if atoms[value][0] != "soft-return" else "\n"
        made.append(html.escape(str(text), quote=False).replace("\n", "<br>"))
        made += [f"</{open_tags.pop()}>" for _ in range(min(closed, len(open_tags)))]
    return "".join(made)


def _link(address, inside):
    return f'<a href="{html.escape(address)}">{inside}</a>'


def _string(values, name):
    value = values.get(name)
    return value if isinstance(value, str) else ""
