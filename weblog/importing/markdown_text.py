"""The text of a Markdown file as HTML. Imports no Django."""

import re
from collections import Counter

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from weblog.importing.notices import quote_notices
from weblog.importing.template_tags import convert_tags

MARKDOWN = (
    MarkdownIt("commonmark", {"html": True})
    .enable(["table", "strikethrough"])
    .use(footnote_plugin)
    .use(deflist_plugin)
)

HIGHLIGHT = re.compile(
    r"\{%-?\s*highlight\s+(?P<liquid>[\w+#-]*)[^%]*%\}\n?(?P<a>.*?)\{%-?\s*endhighlight\s*-?%\}"
    r"|\{\{[<%]\s*highlight\s+\"?(?P<hugo>[\w+#-]*)\"?[^{}]*?[>%]\}\}\n?(?P<b>.*?)"
    r"\{\{[<%]\s*/\s*highlight\s*[>%]\}\}",
    re.DOTALL,
)
# What nothing is changed in: code, and what a generator shows as it stands.
CODE = re.compile(
    r"^(?P<fence>[ \t>]*(?P<marks>`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t>]*(?P=marks)[`~]*[ \t]*$|\Z))"
    r"|(?P<span>(?P<ticks>`++)[^`\n](?:[^`\n]|`(?!(?P=ticks)))*?(?P=ticks)(?!`))"
    r"|\{%-?\s*raw\s*-?%\}(?P<raw>.*?)\{%-?\s*endraw\s*-?%\}"
    r"|(?P<shown>\{\{[<%]/\*.*?\*/[>%]\}\})",
    re.DOTALL | re.MULTILINE,
)
SHOWN = re.compile(r"\{\{([<%])/\*(.*?)\*/([>%])\}\}", re.DOTALL)
INDENTED = re.compile(r"^(?: {4}|\t)", re.MULTILINE)
TAG_SIGNS = re.compile(r"\{[{%#:]|<[A-Z]|\[\[|%%")
# Of the private use area, which no text has; and what is shown in their place.
HIDDEN = {"{": ("\ue0f0", "{"), "<": ("\ue0f1", "&lt;"), "[": ("\ue0f2", "["), "%": ("\ue0f3", "%")}
RAW_MARK = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
TASK = re.compile(r"(<li>\s*(?:<p>)?)\[([ xX])\] ")


def render_markdown(text: str, *, is_jsx: bool) -> tuple[str, dict[str, int]]:
    """Return the HTML, and what was left out or turned into something else, counted."""
    notes: Counter[str] = Counter()
    text = _hide_indented_code(quote_notices(text, notes))
    text = HIGHLIGHT.sub(_make_fence, text)
    pieces, place = [], 0
    for match in CODE.finditer(text):
        pieces.append(convert_tags(text[place : match.start()], notes, is_jsx=is_jsx))
        pieces.append(_keep(match))
        place = match.end()
    pieces.append(convert_tags(text[place:], notes, is_jsx=is_jsx))
    rendered = MARKDOWN.render("".join(pieces))
    for hidden, shown in HIDDEN.values():
        rendered = rendered.replace(hidden, shown)
    rendered = TASK.sub(lambda found: found[1] + ("☐ " if found[2] == " " else "☑ "), rendered)
    return rendered, dict(+notes)


def _hide_indented_code(text):
    """Replace the signs of tags in indented code, where they are none, until it is rendered."""
    if not INDENTED.search(text) or not TAG_SIGNS.search(text):
        return text
    lines = text.split("\n")
    for token in MARKDOWN.parse(text):
        if token.type == "code_block":
            for number in range(*token.map):
                for sign, (hidden, _) in HIDDEN.items():
                    lines[number] = lines[number].replace(sign, hidden)
    return "\n".join(lines)


def _keep(match):
    if match["raw"] is not None:
        return match["raw"]
    if match["shown"]:
        return SHOWN.sub(r"{{\1\2\3}}", match["shown"]).replace("{{<", "{{&lt;")
    return RAW_MARK.sub("", match[0])  # which a generator takes out of code as well


def _make_fence(match):
    code = match["a"] if match["a"] is not None else match["b"]
    marks = "`" * (1 + max([2, *map(len, re.findall("`+", code))]))
    language = match["liquid"] or match["hugo"] or ""
    return f"\n{marks}{language}\n{code.rstrip(chr(10))}\n{marks}\n"
