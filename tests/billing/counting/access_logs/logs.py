"""The real access logs that lie beside the repository, and what is to come of them."""

import csv
import re

from tests.factories import make_blog, make_category, make_user

ARTICLES = r"^/blog/(?P<slug>(?!tags/)[^?#]*)\.html$"
HOWTOS = r"^/(?P<slug>linux/[^?#]+|splittable-gzip)$"


def read_expected(folder, column):
    """Return {slug: views} of a log's expected_views.csv."""
    with (folder / "expected_views.csv").open(newline="") as file:
        return {
            re.sub("[/.]", "-", row["path"].removeprefix("/blog").removesuffix(".html"))
            .strip("-")
            .lower(): int(row[column])
            for row in csv.DictReader(file)
        }


def make_blogs(slugs):
    author, category = make_user(), make_category()
    for slug in slugs:
        make_blog(slug=slug, author=author, category=category)
