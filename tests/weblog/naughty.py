"""What a page holds that could run, so that a page of naughty strings is compared with a plain one.

The strings are github.com/minimaxir/big-list-of-naughty-strings, as they lie in shared/data.
"""

from collections import Counter
from html.parser import HTMLParser

PLAIN = "Plain words"
# Elements and attributes that could run a script or send what is typed elsewhere.
DANGEROUS_TAGS = {
    *("script", "iframe", "object", "embed", "svg", "math", "video"),
    *("base", "meta", "link", "style", "form"),
}
DANGEROUS_ADDRESSES = ("javascript:", "vbscript:", "data:text")


class Danger(HTMLParser):
    """Counts a page's dangerous elements, handlers and addresses."""

    def __init__(self, page):
        super().__init__()
        self.found = Counter()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in DANGEROUS_TAGS:
            self.found[tag] += 1
        for name, value in attrs:
            if name.startswith("on") or name == "srcdoc":
                self.found[f"{tag} {name}"] += 1
            if name == "value":  # of a field: text
                continue
            if (value or "").strip().lower().startswith(DANGEROUS_ADDRESSES):
                self.found[f"{tag} {name} {value}"] += 1


def danger_of(client, url):
    response = client.get(url)
    assert response.status_code == 200, url
    return Danger(response.text).found


def cut(strings, size):
    """Yield texts of at most `size` characters that together hold all strings."""
    text = ""
    for string in strings:
        if len(text) + len(string) + 1 > size:
            yield text
            text = ""
        text += f"{string} "[:size]
    yield text
