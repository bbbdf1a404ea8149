"""What is to be said of a text before it goes to review, and before it goes live.

Some of it stops the step: only that is checked again when it is taken. The rest is advice.
"""

import re
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from django.urls import Resolver404, resolve, reverse

from weblog.errors import NotReady
from weblog.hooks import Remark, list_remarks
from weblog.html.bounded import count_words
from weblog.links import site_host
from weblog.models import Blog, NewText, OldAddress

MOST_NAMED = 5  # links, of each kind
HEADING = re.compile(r"<h([1-6])\b")
LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*+)"')
TITLE_LEVEL = 1  # the title of a blog is its only heading of that level

EMPTY = Remark("It has no text yet: write something first.", is_blocking=True)


def find_remarks(text: Blog | NewText) -> list[Remark]:
    """Return everything to be said of `text` as it is, saved or not; what blocks comes first.

    One query for its links, and what other apps ask.
    """
    blog = text.blog if isinstance(text, NewText) else text
    is_empty = _is_empty(text.body) and not (text is not blog and _is_empty(blog.body))
    remarks = [
        *([EMPTY] if is_empty else []),
        *_find_skips(text.body),
        *_find_links(text.body, blog),
    ]
    if isinstance(text, Blog):
        remarks += list_remarks(text)
    return sorted(remarks, key=lambda remark: not remark.is_blocking)


def check_ready(text: Blog | NewText) -> None:
    """Raise NotReady if anything stops the text."""
    stops = [remark.text for remark in find_remarks(text) if remark.is_blocking]
    if stops:
        blog = text.blog if isinstance(text, NewText) else text
        raise NotReady(blog, stops)


def _is_empty(body: str) -> bool:
    return not count_words(body) and "<img" not in body


def _find_skips(body: str) -> Iterator[Remark]:
    """Name the first heading that is more than one level below the one before it."""
    levels = [TITLE_LEVEL, *(int(level) for level in HEADING.findall(body))]
    for before, level in pairwise(levels):
        if level > before + 1:
            what = "the title" if before == TITLE_LEVEL else f"a heading {before}"
            yield Remark(
                f"A heading {level} follows {what}. Readers who listen miss heading {before + 1}: "
                "use it, or a level above."
            )
            return


def _find_links(body: str, blog: Blog) -> Iterator[Remark]:
    """Name the links to blogs that readers do not find, and into the back-office."""
    slugs, admin = set(), reverse("admin:index")
    for href in dict.fromkeys(map(unescape, LINK.findall(body))):
        path = _own_path(href)
        if path.startswith(admin):
            yield Remark(f"The link {href} leads into the back-office: readers can’t follow it.")
        elif slug := _find_slug(path):
            slugs.add(slug)
    if not slugs:
        return
    yield from _describe_targets(slugs - {blog.slug})


def _own_path(href):
    """Return the path of a link within the site, or ""."""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return ""
    is_own = not parts.netloc or parts.netloc.casefold() == site_host().casefold()
    return unquote(parts.path) if is_own and parts.scheme in ("", "http", "https") else ""


def _find_slug(path):
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    return match.kwargs["slug"] if match.view_name == "weblog:blog_detail" else ""


def _describe_targets(slugs):
    blogs = {blog.slug: blog for blog in Blog.objects.filter(slug__in=slugs).defer("body")}
    missing = slugs - {*blogs}
    if missing:
        moved = OldAddress.objects.filter(slug__in=missing).select_related("blog")
        blogs |= {old.slug: old.blog for old in moved.defer("blog__body")}
    hidden = [blogs[slug] for slug in sorted(slugs & {*blogs}) if not blogs[slug].is_live]
    for blog in hidden[:MOST_NAMED]:
        status = "scheduled" if blog.is_scheduled else blog.get_status_display().lower()
        yield Remark(f"It links to “{blog}”, which readers don’t find: it is {_say(status)}.")
    for slug in sorted(slugs - {*blogs})[:MOST_NAMED]:
        yield Remark(f"It links to {reverse('weblog:blog_detail', args=[slug])}: no blog is there.")


def _say(status):
    return {"draft": "a draft", "archived": "in the archive"}.get(status, status)
