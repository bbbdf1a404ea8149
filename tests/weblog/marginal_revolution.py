"""Marginal Revolution's list of posts, as the WordPress export that it came from would be."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

from tests.weblog.posts import WXR, make_item

BODY = "<p>{}</p>\n\n" + "The text of a post, as long as they are there. " * 20


def read_posts(folder: Path) -> Iterator[dict]:
    """Yield the posts with their categories: 34,765 of 24 authors in 24 categories."""
    categories = defaultdict(list)
    for row in _read(folder / "categories.csv"):
        categories[row["id"]].append(row["category"])
    for row in _read(folder / "metadata.csv"):
        yield row | {"categories": categories[row["id"]]}


def _read(path):
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write_wxr(file: BinaryIO, posts: Iterable[dict]) -> None:
    start, _, end = WXR.partition("{head}{items}")
    file.write(start.encode())
    for post in posts:
        categories = "".join(
            f'<category domain="category">{escape(name)}</category>' for name in post["categories"]
        )
        item = make_item(
            post["id"],
            escape(post["title"]),
            body=BODY.format(escape(post["title"])),
            creator=escape(post["author"]),
            more=categories,
            post_name=post["path"].rpartition("/")[2],
            post_date_gmt=post["time"].replace("T", " ").rstrip("Z"),
        )
        file.write(item.encode())
    file.write(end.encode())
