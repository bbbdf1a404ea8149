"""The paragraphs of an HTML text as plain words, for comparing."""

from html.parser import HTMLParser

KINDS = {
    **{f"h{level}": "Heading" for level in range(1, 7)},
    "li": "List item",
    "blockquote": "Quote",
    "pre": "Code",
}
BREAKS = {
    *KINDS, "p", "div", "br", "hr", "ul", "ol", "table", "tr", "td", "th", "figure", "figcaption",
}  # fmt: skip


def list_lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def list_blocks(html: str) -> list[str]:
    """Return a line for each paragraph, heading, list item or picture of `html`."""
    reader = _BlockReader()
    reader.feed(html)
    reader.close()
    reader.end_block()
    return reader.blocks


class _BlockReader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.blocks = []
        self.parts = []
        self.kinds = []
        self.links = []

    def handle_starttag(self, tag, attrs):
        if tag in BREAKS:
            self.end_block()
        if tag in KINDS:
            self.kinds.append(tag)
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        if tag == "img":
            picture = dict(attrs)
            self.parts.append(f" [picture: {picture.get('alt') or ''} {picture.get('src') or ''}] ")

    def handle_endtag(self, tag):
        if tag in BREAKS:
            self.end_block()
        if tag in self.kinds:
            self.kinds.remove(tag)
        if tag == "a" and self.links:
            self.parts.append(f" [link: {self.links.pop()}]")

    def handle_data(self, data):
        self.parts.append(data)

    def end_block(self):
        text = " ".join("".join(self.parts).split())
        self.parts.clear()
        if text:
            kind = f"{KINDS[self.kinds[-1]]}: " if self.kinds else ""
            self.blocks.append(f"{kind}{text}")
