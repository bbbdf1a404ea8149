"""The posts of a file as blogs: which are here, with which status, and what is wrong with them."""

import datetime as dt
import html
import re
from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError

from weblog.importing.posts import Post, Source, find_unstorable
from weblog.models import Blog

TAG = re.compile(r"<[^<>]*+>")
SHOWN_TAG = re.compile(r"<(?:img|hr|table)\b", re.IGNORECASE)
INVISIBLE = " \t\r\n\xa0\u200b\u200c\u200d\u2060\ufeff"


def read_settled(source: Source, *, at: dt.datetime) -> Iterator[tuple[int, Post]]:
    """Yield (number, post), with the status that a post has by its dates as of `at`."""
    for number, post in enumerate(source.read_posts(), start=1):
        _settle(post, at)
        yield number, post


def _settle(post, at):
    if post.status != Blog.Status.PUBLISHED:
        return
    if post.is_scheduled and post.publish_at and post.publish_at <= at:
        post.status = Blog.Status.DRAFT
        post.notes["scheduled for a day that is over, so it comes in as a draft"] += 1
    if post.expires_at is None:
        return
    if post.expires_at <= at:
        post.status = Blog.Status.ARCHIVED
        post.notes["past its last day, so it comes in as archived"] += 1
    else:
        post.notes["has a last day that is still to come: archive it then"] += 1


def find_imported(posts: Iterable[Post]) -> dict[str, str]:
    """Return {source: slug} of those `posts` that were imported before. One query."""
    sources = [post.source for post in posts if not find_unstorable(post.source)]
    found = Blog.objects.filter(imported_from__in=sources)
    return {source: slug for source, slug in found.values_list("imported_from", "slug") if source}


def build_blog(post: Post) -> Blog:
    """Return the blog that `post` becomes, without its author, category and free slug."""
    blog = Blog(
        title=post.title,
        slug=post.slug or "blog",
        summary=post.summary,
        body=post.body,
        status=post.status,
        imported_from=post.source,
    )
    if post.publish_at:
        blog.publish_at = post.publish_at
    if post.status == Blog.Status.IN_REVIEW:
        blog.submitted_at = blog.publish_at
    return blog


def find_problems(post: Post) -> list[str]:
    """Return what keeps a post from being imported."""
    problems = list(post.problems)
    if problems:
        return problems
    is_public = post.status in (Blog.Status.PUBLISHED, Blog.Status.ARCHIVED)
    if not post.authors:
        problems.append("author: none is named. Name one in the file.")
    if post.publish_at is None and is_public:
        problems.append("date: a published post needs one. Add it in the file.")
    if is_public and is_empty(post.body):
        problems.append("text: it is published and has none. Look at the post where it came from.")
    texts = {"title": post.title, "summary": post.summary, "text": post.body, "link": post.source}
    for name, text in texts.items():
        if unstorable := find_unstorable(text):
            problems.append(f"{name}: holds {unstorable}. Remove it from the file.")
    if problems:
        return problems
    try:
        build_blog(post).clean_fields(exclude=["author", "category", "slug"])
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            problems.append(f"{name}: {' '.join(messages)}")
    return problems


def is_empty(body: str) -> bool:
    """Whether readers would see nothing: neither a word nor a picture or a rule."""
    return not SHOWN_TAG.search(body) and not html.unescape(TAG.sub("", body)).strip(INVISIBLE)
