"""The tags of site generators in Markdown: Liquid, Nunjucks, Hugo's shortcodes, JSX, wiki links.

What can be said in Markdown is; of the rest the text between the tags stays, and the tags go,
counted by name. Imports no Django.
"""

import html
import re
from collections import Counter

from weblog.importing.embeds import PICTURE_ENDING, find_watch_address

# Each match ends at the next opening tag, so that many unclosed tags don't scan to the end of the
# text.
ADDRESS_TAG = re.compile(r"""\{\{-?\s*+["']([^"'{}]*+)["']\s*+\|[^{}]*+\}\}""")
SITE_ADDRESS = re.compile(r"\{\{-?\s*(?:site|page)\.(?:base)?url\s*-?\}\}", re.IGNORECASE)
POST_ADDRESS = re.compile(r"\{%-?\s*(?:post_url|link)\s+([^\s%]+)\s*-?%\}")
REFERENCE = re.compile(r"""\{\{[<%]\s*(?:rel)?ref\s+"?([^\s">%]+)"?[^{}]*?[>%]\}\}""")
SHORTCODE = re.compile(
    r"\{\{([<%])\s*(/?)\s*([\w./-]+)((?:[^{}]|\{(?!\{)|\}(?!\}))*?)/?\s*[>%]\}\}"
)
LIQUID = re.compile(r"\{%-?\s*([\w/]*)((?:[^{%]++|\{(?!%)|%(?!\}))*+)%\}")
OUTPUT = re.compile(r"\{\{(?:[^{}]++|\{(?!\{)|\}(?!\}))*+\}\}")
REMARK = re.compile(
    r"\{#(?:[^{#]++|\{(?!#)|#(?!\}))*+#\}|\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}",
    re.DOTALL,
)
# Of Hugo and of Obsidian, which no reader ever saw.
HIDDEN_REMARK = re.compile(
    r"\{\{[<%]\s*comment\s*[>%]\}\}(?:[^{]|\{(?!\{[<%]\s*/?\s*comment\b))*+"
    r"\{\{[<%]\s*/\s*comment\s*[>%]\}\}"
    r"|(?<![\w%])%%(?!%)(?:[^%]|%(?!%))*+%%(?![\w%])"
)
KRAMDOWN = re.compile(r"[ \t]*\{:[^{}\n]*\}|[ \t]+\{[#.][\w .#=\"-]*\}[ \t]*$", re.MULTILINE)
WIKI_LINK = re.compile(r"(!?)\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]+))?\]\]")
LONE_ADDRESS = re.compile(r"^[ \t]*(https?://[^\s<>]+)[ \t]*$", re.MULTILINE)

JSX_TAG = re.compile(
    r"</?([A-Z][\w.]*)((?:\"[^\"]*+\"|'[^']*+'|\{(?:[^{}]|\{[^{}]*+\})*+\}|[^<>{}\"'])*+)>"
)
JSX_FRAGMENT = re.compile(r"</?>")
JSX_STATEMENT = re.compile(
    r"^(?:import\s[^\n]*?['\"][^'\"\n]+['\"];?|import\s*\{[^}]*\}\s*from\s*['\"][^'\"\n]+['\"];?"
    r"|export\s+(?:const|let|var|default|function|async|class)\b(?:[^\n]|\n(?![ \t]*\n))*)[ \t]*$",
    re.MULTILINE,
)
JSX_VALUE = re.compile(r"\{/\*.*?\*/\}|\{(?:props|frontmatter|metadata)\.[\w.]+\}", re.DOTALL)

ARGUMENT = re.compile(
    r"""(?:([\w-]+)\s*=\s*)?(?:"([^"]*)"|'([^']*)'|\{["'`]([^"'`]*)["'`]\}|([^\s"'=,]+))"""
)
WATCH = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "tweet": "https://twitter.com/i/status/{}",
    "twitter": "https://twitter.com/i/status/{}",
    "instagram": "https://www.instagram.com/p/{}/",
}


def convert_tags(text: str, notes: Counter, *, is_jsx: bool) -> str:
    """Return Markdown without tags of generators, and count in `notes` what went."""
    if is_jsx:
        text = _convert_jsx(text, notes)
    text, remarks = HIDDEN_REMARK.subn("", REMARK.sub("", text))
    notes["remark that readers never saw left out"] += remarks
    text = SITE_ADDRESS.sub("", ADDRESS_TAG.sub(r"\1", text))
    text = POST_ADDRESS.sub(
        lambda found: f"{found[1]}.md" if "." not in found[1] else found[1], text
    )
    text = REFERENCE.sub(r"\1", text)

    def convert(match):
        is_hugo = match.re is SHORTCODE
        name, rest, closes = (match[3], match[4], match[2]) if is_hugo else (match[1], match[2], "")
        if closes or name.startswith(("end", "/")):
            return ""
        made = _make_link(name.lower(), _read_arguments(rest), notes)
        notes[
            "picture or link made of a template tag"
            if made
            else f"template tag “{name[:40]}” left out"
        ] += 1
        return _stand_alone(made, match)

    text = LIQUID.sub(convert, SHORTCODE.sub(convert, text))
    text, outputs = OUTPUT.subn("", text)
    notes["template value left out"] += outputs
    text, attributes = KRAMDOWN.subn("", text)
    notes["attributes of a paragraph or heading left out"] += attributes
    text = WIKI_LINK.sub(_convert_wiki_link, text)
    return LONE_ADDRESS.sub(r"<\1>", text)


def _convert_jsx(text, notes):
    text, statements = JSX_STATEMENT.subn("", text)
    notes["import or export of a program left out"] += statements

    def convert(match):
        if match[0].startswith("</"):
            return ""
        made = _make_link(match[1].lower(), _read_arguments(match[2]), notes)
        notes[
            "picture or link made of a component"
            if made
            else f"component “{match[1][:40]}” left out"
        ] += 1
        return _stand_alone(made, match)

    text = JSX_TAG.sub(convert, text)
    text, values = JSX_VALUE.subn("", JSX_FRAGMENT.sub("", text))
    notes["template value left out"] += values
    return text


def _read_arguments(text):
    """Return {name or number: value} of the arguments of a tag."""
    found = {}
    for match in ARGUMENT.finditer(text):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        found[match[1].lower() if match[1] else len(found)] = value
    return found


def _make_link(name, values, notes):
    """Return a picture or a link in Markdown for a tag that shows something from elsewhere."""
    first = str(
        values.get("id") or values.get("videoid") or values.get("url") or values.get(0) or ""
    )
    if name == "embed" or name.startswith(("youtube", "vimeo")):
        first = first or str(values.get("src", ""))
    address = str(values.get("src") or values.get("href") or values.get("url") or "")
    if not address and PICTURE_ENDING.search(first):
        address = first
    words = str(values.get("caption") or values.get("alt") or values.get("title") or "")
    if PICTURE_ENDING.search(address):
        words = words or str(values.get(1, ""))
        return f'<img src="{html.escape(address)}" alt="{html.escape(words)}">'
    form = next((form for key, form in WATCH.items() if name.startswith(key)), None)
    if form and first and not first.startswith("http"):
        notes["video or post of another site made a link"] += 1
        last = str(values.get(1) or first) if "tweet" in name or "twitter" in name else first
        return _make_anchor(form.format(last), "")
    if name == "gist" and first:
        second = values.get(1)
        return _make_anchor(f"https://gist.github.com/{first}{f'/{second}' if second else ''}", "")
    address = address or first
    if address.startswith(("http://", "https://")) or (address.startswith("/") and words):
        return _make_anchor(find_watch_address(address), words)
    return ""


def _make_anchor(address, words):
    return f'<a href="{html.escape(address)}">{html.escape(words or address)}</a>'


def _stand_alone(made, match):
    """Return a picture on a line of its own as a block, and any other as a part of its line."""
    before = match.string[: match.start()].rpartition("\n")[2]
    after = match.string[match.end() :].partition("\n")[0]
    return f"<figure>{made}</figure>" if made and not (before + after).strip() else made


def _escape(words):
    return re.sub(r"([\[\]\\`*_])", r"\\\1", " ".join(words.split()))


def _convert_wiki_link(match):
    target, words = match[2].strip(), (match[3] or "").strip()
    page, _, _heading = target.partition("#")
    if match[1] and PICTURE_ENDING.search(page):
        return f"![{'' if words.isdecimal() else _escape(words)}](<{page}>)"
    shown = words or target.replace("#", " – ").strip(" –")
    return f"[{_escape(shown)}](<{page}.md>)" if page else _escape(shown)
