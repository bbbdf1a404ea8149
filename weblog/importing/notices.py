"""Notices in Markdown (“admonitions”) as quotes under a bold title. Imports no Django.

!!! note "Title"        Python-Markdown, MkDocs; ??? and ???+ of Material; the text is indented
> [!NOTE] Title         GitHub, Obsidian
:::note[Title]  :::     Docusaurus, VitePress, Quarto, MyST, remark-directive
```{note} Title         MyST and Sphinx
"""

import re
from collections import Counter

INDENTED = re.compile(
    r"(?P<indent>[ \t]*)(?:!!!|\?\?\?\+?)[ \t]+(?P<kind>[\w-]+)(?P<more>[ \t\w-]*)"
    r"(?:[ \t]\"(?P<title>.*)\")?[ \t]*"
)
QUOTED = re.compile(r"(?P<marks>[ \t]*>[> \t]*)\[!(?P<kind>[\w -]+)\][+-]?[ \t]*(?P<title>.*)")
FENCED = re.compile(
    r"(?P<indent>[ \t]*)(?P<fence>:{3,})[ \t]*(?:(?P<kind>[A-Za-z][\w-]*)|\{(?P<given>[^{}]*)\})"
    r"[ \t]*(?:\[(?P<label>[^\]]*)\])?(?:\{(?P<values>[^{}]*)\})?[ \t]*(?P<title>.*?)[ \t:]*"
)
MYST = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,})\{(?P<kind>[\w-]+)\}[ \t]*(?P<title>.*)")
CODE_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
FENCE = re.compile(r"[ \t]*(:{3,}|`{3,})[ \t]*(\S?)")
LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
OPTION = re.compile(r"[ \t]*:[\w-]+:.*")  # of a directive of MyST, which no reader sees
TITLE = re.compile(r"title\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
PRE = re.compile(r"<(/?)pre\b", re.IGNORECASE)
KINDS = {
    *("abstract", "admonition", "alert", "attention", "bug", "callout", "caution", "check", "cite"),
    *("danger", "details", "done", "error", "example", "fail", "failure", "faq", "help", "hint"),
    *("important", "info", "missing", "note", "question", "quote", "secondary", "seealso"),
    *("success", "summary", "tip", "tldr", "todo", "warning"),
}
MOST_DEEP = 10


def quote_notices(text: str, notes: Counter) -> str:
    """Return the Markdown with its notices as quotes, and count them."""
    if not re.search(r"^[ \t>]*(?:!!!|\?\?\?|:::|>[> \t]*\[!|`{3,}\{)", text, re.MULTILINE):
        return text
    return "\n".join(_convert(text.split("\n"), notes, 0))


def _convert(lines, notes, depth):
    made: list[str] = []
    place, pairs = 0, _pair_fences(lines)
    while place < len(lines):
        taken = depth < MOST_DEEP and _take_notice(lines, place, pairs, notes, depth)
        if not taken:
            end = _end_of_code(lines, place)
            made += lines[place:end]
        else:
            quoted, end = taken
            if made and made[-1].strip() and quoted:
                made.append("")
            made += quoted
        place = end
    return made


def _pair_fences(lines):
    """Return {number of a line that opens a notice: number of the line that closes it}."""
    pairs: dict[int, int] = {}
    open_ones: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if not (found := FENCE.match(line)):
            continue
        fence, kind = found.groups()
        if kind:
            open_ones.setdefault(fence, []).append(number)
        elif open_ones.get(fence):
            pairs[open_ones[fence].pop()] = number
    return pairs


def _end_of_code(lines, place):
    """Return the number of the line after this one, or after the code that begins here."""
    if opened := CODE_FENCE.match(lines[place]):
        closes = re.compile(rf"[ \t>]*{re.escape(opened[1])}[`~]*[ \t]*")
        for number in range(place + 1, len(lines)):
            if closes.fullmatch(lines[number]):
                return number + 1
        return len(lines)
    tags = PRE.findall(lines[place])
    if tags and not tags[-1]:
        for number in range(place + 1, len(lines)):
            if "</pre" in lines[number].lower():
                return number + 1
    return place + 1


def _take_notice(lines, place, pairs, notes, depth):
    """Return the quote of the notice that begins on this line and where it ends, or None."""
    line = lines[place]
    if found := QUOTED.fullmatch(line):
        notes["notice made a quote"] += 1
        marks = found["marks"].rstrip()
        title = found["title"].strip() or _name(found["kind"])
        return [f"{marks} <strong>{title}</strong>", marks], place + 1
    found = INDENTED.fullmatch(line) or FENCED.fullmatch(line) or MYST.fullmatch(line)
    if not found or not _is_no_code(found["indent"], lines, place):
        return None
    if found.re is INDENTED:
        return _take_indented(found, lines, place, notes, depth)
    end = pairs.get(place)
    return end and _take_fenced(found, lines, (place, end), notes, depth)


def _is_no_code(indent, lines, place):
    """Whether the line is not indented code: it is hardly indented, or belongs to an item."""
    width = len(indent.expandtabs(4))
    if width < 4:
        return True
    above = (line for line in reversed(lines[:place]) if line.strip() and _width(line) < width)
    return LIST_ITEM.match(next(above, "")) is not None


def _width(line):
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())


def _take_indented(found, lines, place, notes, depth):
    indent = _width(lines[place]) + 4
    end = place + 1
    while end < len(lines) and (not lines[end].strip() or _width(lines[end]) >= indent):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    body = [line.expandtabs(4)[indent:] for line in lines[place + 1 : end]]
    title = _name(found["kind"]) if found["title"] is None else found["title"].replace('\\"', '"')
    notes["notice made a quote"] += 1
    return _quote(found["indent"], title, body, notes, depth), end


def _take_fenced(found, lines, span, notes, depth):
    place, end = span
    values = found.groupdict()
    given = values.get("given") or values.get("values") or ""
    kind = (values["kind"] or given.lstrip(" .").split(" ")[0]).removeprefix("callout-").lower()
    if found.re is MYST and kind not in KINDS:
        return None
    indent = _width(lines[place])
    body = [line[min(indent, _width(line)) :] for line in lines[place + 1 : end]]
    while body and OPTION.fullmatch(body[0]):
        body = body[1:]
    if kind not in KINDS:
        notes[f"container “{kind[:40]}” left out"] += 1
        inside = _convert(body, notes, depth + 1)
        return [found["indent"] + line if line else "" for line in ["", *inside, ""]], end + 1
    named = TITLE.search(given)
    title = values.get("label") or (named and (named[1] or named[2])) or values["title"]
    notes["notice made a quote"] += 1
    return _quote(found["indent"], title or _name(kind), body, notes, depth), end + 1


def _quote(indent, title, body, notes, depth):
    inside = _convert(body, notes, depth + 1)
    head = [f"<strong>{title}</strong>", ""] if title else []
    return [*(f"{indent}> {line}".rstrip() for line in [*head, *inside]), ""]


def _name(kind):
    return kind.replace("-", " ").replace("_", " ").strip().capitalize()
