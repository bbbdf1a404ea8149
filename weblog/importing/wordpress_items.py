"""The items of WordPress exports. Also run apart from the application: no Django is imported here.

They are read one by one: memory stays flat, whatever the size of the file.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from backoffice.bounded_child import Refused
from weblog.importing.containers import CleanText, TooManyRecords, open_parts
from weblog.importing.wordpress_text import convert_text

WXR = re.compile(r"\{https?://(?:www\.)?wordpress\.org/export/")
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
TAGS = {"post_tag", "tag"}
# Where WordPress and its plugins keep what is shown beside a text.
LEAD_PICTURE, FOOTNOTES = "_thumbnail_id", "footnotes"
# PublishPress Future keeps the second at which a post goes, and “saved” while it is to go; Jetpack
# keeps who may read a post: everybody, subscribers, paid_subscribers.
EXPIRES, EXPIRES_STATE = "_expiration-date", "_expiration-date-status"
ACCESS = "_jetpack_newsletter_access"
READ_META = {LEAD_PICTURE, FOOTNOTES, EXPIRES, EXPIRES_STATE, ACCESS}


def read_items(file: BinaryIO, most: int | None = None) -> Iterator[dict]:
    """Yield the elements of the channel in order: {kind: version, site, person or item, …}.

    Raises TooManyRecords before the first if there are more than `most` items.
    """
    try:
        yield from _read(file, most)
    except ParseError as error:
        line, column = error.position
        raise Refused(
            f"{{name}} is no well-formed XML: {str(error).partition(':')[0]}, line {line}, "
            f"column {column + 1}. It may be cut off; export it from WordPress again."
        ) from error
    except (ValueError, LookupError) as error:
        if isinstance(error, DefusedXmlException):
            raise Refused(
                "{name} declares a document type or entities of its own, which no export of "
                "WordPress does and which can hide an attack."
            ) from error
        raise Refused("{name} is in an encoding that is not known. Save it as UTF-8.") from error


def _read(file, most):
    library, items = _Library(), 0
    for part in open_parts(file, ".xml"):
        for _, element in _list_elements(CleanText(part)):
            library.note(element)
            items += element.tag == "item"
            if most is not None and items > most:
                raise TooManyRecords
    for part in open_parts(file, ".xml"):
        yield from _read_part(CleanText(part), library)


def _read_part(part, library):
    site = ""
    for tag, element in _list_elements(part):
        if tag == "wxr_version":
            yield {"kind": "version", "text": _text(element)}
        elif tag == "author":
            yield {"kind": "person", "values": _wxr_values(element)}
        elif tag == "base_blog_url" or (element.tag == "link" and not site):
            site = _text(element)
            yield {"kind": "site", "text": site}
        elif element.tag == "item":
            yield _read_item(element, site, library)
    if part.dropped:
        yield {"kind": "dropped", "count": part.dropped}


def _list_elements(part):
    """Yield (name, element) of the elements of the channel, and free the memory of each."""
    depth, channel = 0, None
    for event, element in iterparse(part, events=("start", "end"), forbid_dtd=True):
        depth += 1 if event == "start" else -1
        if event == "start":
            channel = element if depth == 2 else channel
        elif depth == 2:
            yield _local_name(element.tag), element
            channel.clear()


class _Library:
    """The files that the export names, by their numbers and by their post."""

    def __init__(self):
        self._files: dict[str, tuple[str, str]] = {}
        self._of_post: defaultdict[str, list[str]] = defaultdict(list)
        self._seen: defaultdict[int, int] = defaultdict(int)  # a bit for each number
        self._twice: set[str] = set()

    def note(self, element):
        if element.tag != "item":
            return
        values = _wxr_values(element)
        number = values.get("post_id", "")
        if number.isdecimal() and len(number) < 16:
            place, bit = divmod(int(number), 4096)
            if self._seen[place] >> bit & 1:
                self._twice.add(number)
            self._seen[place] |= 1 << bit
        if values.get("post_type") == "attachment" and values.get("attachment_url"):
            words = " ".join((element.findtext("title") or "").split())
            self._files[number] = (values["attachment_url"], words)
            self._of_post[values.get("post_parent", "")].append(number)

    def has_twice(self, number):
        """Whether two items of the file have this number, as in merged exports."""
        return number in self._twice

    def find(self, numbers, site):
        """Return (address, words) of files; an unknown one has its address on the old site."""
        unknown = f"{site.rstrip('/')}/?attachment_id={{}}"
        return [
            self._files.get(each) or (unknown.format(each), f"picture {each}") for each in numbers
        ]

    def find_gallery(self, attributes, number, site):
        listed = str(attributes.get("ids") or attributes.get("include") or "")
        numbers = re.findall(r"\d+", listed)
        return self.find(numbers or self._of_post[number], site)


def _read_item(item: Element, site: str, library: _Library) -> dict:
    values = _wxr_values(item)
    record: dict = {
        "kind": "item",
        "values": values,
        "title": item.findtext("title") or "",
        "link": (item.findtext("link") or "").strip(),
        "creator": (item.findtext(CREATOR) or "").strip(),
        "guid": (item.findtext("guid") or "").strip(),
    }
    if values.get("post_type", "post") != "post":
        return record | {"categories": [], "others": []}
    notes: Counter[str] = Counter()
    meta = _read_meta(item)
    record |= _read_terms(item, notes)
    comments = sum(_local_name(child.tag) == "comment" for child in item)
    notes["comments left out"] += comments
    if meta.get(LEAD_PICTURE):
        record["lead"] = library.find([meta[LEAD_PICTURE]], site)[0]
    if meta.get(EXPIRES_STATE) == "saved":
        record["expires"] = meta.get(EXPIRES, "")
    record["is_for_some"] = meta.get(ACCESS, "everybody") not in ("", "everybody")
    number = values.get("post_id", "")
    record["body"] = convert_text(
        item.findtext(CONTENT) or "",
        notes=notes,
        find_pictures=lambda attributes: library.find_gallery(attributes, number, site),
        footnotes=meta.get(FOOTNOTES, ""),
    )
    record["is_twice"] = library.has_twice(number)
    record["base"] = record["link"] if record["link"].startswith("http") else site
    record["notes"] = dict(+notes)
    return record


def _read_terms(item, notes):
    """Return [name, short name] of categories and of authors; other terms are counted."""
    terms = defaultdict(list)
    for each in item.findall("category"):
        name = _text(each)
        terms[each.get("domain", "")].append([name, each.get("nicename", "")])
    categories = terms["category"] or terms[""]
    for domain, found in terms.items():
        if domain in TAGS:
            notes["tags left out"] += len(found)
        elif domain not in ("", "category", "author"):
            notes[f"terms of “{domain[:40]}” left out"] += len(found)
    return {"categories": categories, "others": terms["author"]}


def _read_meta(item):
    found = {}
    for child in item:
        if _local_name(child.tag) == "postmeta":
            values = _wxr_values(child)
            if values.get("meta_key") in READ_META:
                found[values["meta_key"]] = values.get("meta_value", "")
    return found


def _wxr_values(element):
    """{local name: text} of the children that are WordPress' own, whichever version they name."""
    return {
        _local_name(child.tag): _text(child)
        for child in reversed(element)  # of two of a name the first counts
        if _local_name(child.tag) and len(child) == 0
    }


def _local_name(tag):
    return tag.rpartition("}")[2] if WXR.match(tag) else ""


def _text(element):
    return (element.text or "").strip()
