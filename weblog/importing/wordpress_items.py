"""The items of WordPress exports. Also run apart from the application: no Django is imported here.

They are read one by one: memory stays flat, whatever the size of the file.
"""

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from backoffice.bounded_child import Refused
from weblog.importing.bodies import add_paragraphs

WXR = "http://wordpress.org/export/"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"


def read_items(file: BinaryIO) -> Iterator[dict]:
    """Yield the elements of the channel in order: {kind: version, site, person or item, …}."""
    try:
        yield from _read(file)
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


def _read(file):
    depth, channel, site = 0, None, ""
    for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
        depth += 1 if event == "start" else -1
        if event == "start":
            channel = element if depth == 2 else channel
            continue
        if depth != 2:
            continue
        tag = _local_name(element.tag)
        if tag == "wxr_version":
            yield {"kind": "version", "text": _text(element)}
        elif tag == "author":
            yield {"kind": "person", "values": _wxr_values(element)}
        elif tag == "base_blog_url" or (element.tag == "link" and not site):
            site = _text(element)
            yield {"kind": "site", "text": site}
        elif element.tag == "item":
            yield _read_item(element)
        channel.clear()  # free the memory of the elements read so far


def _read_item(item: Element) -> dict:
    return {
        "kind": "item",
        "values": _wxr_values(item),
        "title": item.findtext("title") or "",
        "body": add_paragraphs(item.findtext(CONTENT) or ""),
        "creator": (item.findtext(CREATOR) or "").strip(),
        "guid": (item.findtext("guid") or "").strip(),
        "categories": [_text(each) for each in item.findall("category[@domain='category']")],
        "others": [
            each.get("nicename", "").removeprefix("cap-")
            for each in item.findall("category[@domain='author']")
        ],
    }


def _wxr_values(element):
    """{local name: text} of the children that are WordPress' own, whichever version they name."""
    return {
        _local_name(child.tag): _text(child)
        for child in reversed(element)  # of two of a name the first counts
        if child.tag.startswith(f"{{{WXR}") and len(child) == 0
    }


def _local_name(tag):
    return tag.rpartition("}")[2] if tag.startswith(f"{{{WXR}") else ""


def _text(element):
    return (element.text or "").strip()
