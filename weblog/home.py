"""The weblog's part of the home page, for authors and editors."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import Truncator

from backoffice.home import Card, Section, Task, register_cards, register_sections, register_tasks
from weblog.hooks import annotate_blogs, find_blog_columns
from weblog.models import Blog, NewText
from weblog.moments import format_moment, format_wait
from weblog.publishing.reviews import count_waiting, find_waiting, load_waiting

Status = Blog.Status
BLOGS_SHOWN = 10
REVIEWS_SHOWN = COMING_SHOWN = 5
COMMENT_LENGTH = 120


class OwnBlog(NamedTuple):
    """A blog of the signed-in author.

    `new_text` is the unpublished new text, or None; `figures` come from other apps.
    """

    blog: Blog
    new_text: NewText | None
    figures: list[tuple[str, str]]

    @property
    def url(self):
        return _link(self.blog)

    @property
    def state(self) -> str:
        """Return the state of the blog in words."""
        blog, text = self.blog, self.new_text
        if blog.status == Status.DRAFT:
            return "Came back to be changed" if blog.review_comment else "Not submitted yet"
        if blog.status == Status.IN_REVIEW:
            return _waiting("In review", blog)
        if text and text.status == NewText.Status.IN_REVIEW:
            return _waiting("Live; new text in review", text)
        if text and text.is_scheduled and text.publish_at:
            return f"Live; new text goes live on {format_moment(text.publish_at)}"
        if text:
            is_returned = bool(text.review_comment)
            return "Live; new text came back" if is_returned else "Live; new text begun"
        if blog.status == Status.ARCHIVED:
            return "Archived"
        word = "Goes live on" if blog.is_scheduled else "Live since"
        return f"{word} {date_format(timezone.localtime(blog.publish_at))}"


def offer_home() -> None:
    register_tasks("weblog", list_tasks, order=10)
    register_cards("weblog", list_cards, order=20)
    register_sections("weblog", list_sections, order=10)


class Coming(NamedTuple):
    """A text that goes live by itself at a time that was planned."""

    at: dt.datetime
    title: str
    author: User
    kind: str
    url: str


def list_sections(user: User) -> Iterator[Section]:
    """Yield the editor's sections and the author's; that only to editors who have written."""
    if may_review(user):
        content = {"waiting": load_waiting(find_waiting()[:REVIEWS_SHOWN]), "user": user}
        yield Section("review_queue", "weblog/admin/home_review_queue.html", content)
        yield Section("coming_up", "weblog/admin/home_coming_up.html", find_coming())
    if not user.has_perm("weblog.add_blog"):
        return
    own_blogs = find_own_blogs(user)
    if own_blogs or not user.has_perm("weblog.view_all_blogs"):
        yield Section("own_blogs", "weblog/admin/home_own_blogs.html", own_blogs)


def may_review(user: User) -> bool:
    return user.has_perms(["weblog.publish_blog", "weblog.view_all_blogs"])


def find_coming() -> list[Coming]:
    """Return the blogs and new texts that go live next, the first first. Two queries."""
    now = timezone.now()
    blogs = Blog.objects.filter(status=Status.PUBLISHED, publish_at__gt=now).defer("body")
    texts = NewText.objects.filter(status=NewText.Status.SCHEDULED, publish_at__gt=now)
    rows = [
        Coming(blog.publish_at, blog.title, blog.author, "blog", _link(blog))
        for blog in blogs.select_related("author").order_by("publish_at")[:COMING_SHOWN]
    ]
    for text in (
        texts.select_related("blog__author")
        .defer("body", "blog__body")
        .order_by("publish_at")[:COMING_SHOWN]
    ):
        if text.publish_at:
            author = text.blog.author
            rows.append(Coming(text.publish_at, text.title, author, "new text", _link(text)))
    return sorted(rows, key=lambda row: row.at)[:COMING_SHOWN]


def find_own_blogs(user: User) -> list[OwnBlog]:
    """Return an author's most recently changed blogs. Two queries."""
    columns = find_blog_columns(user)
    new_texts = Prefetch("new_texts", NewText.objects.open().defer("body"), "open_new_texts")
    blogs = annotate_blogs(user.blogs.defer("body"), columns=columns)
    blogs = blogs.prefetch_related(new_texts).order_by("-updated_at", "-pk")
    return [
        OwnBlog(
            blog=blog,
            new_text=next(iter(blog.open_new_texts), None),
            figures=[(column.title, _group(getattr(blog, column.name))) for column in columns],
        )
        for blog in blogs[:BLOGS_SHOWN]
    ]


def list_cards(user: User) -> Iterator[Card]:
    """Yield the numbers of blogs, for users who may see blogs."""
    if not user.has_perm("weblog.view_blog"):
        return
    blogs = Blog.objects.visible_to(user)
    everyones = user.has_perm("weblog.view_all_blogs")
    texts = NewText.objects.visible_to(user).awaiting_review()
    published, later, in_review = _count_blogs(blogs)
    card = _card(
        "Published blogs" if everyones else "Your published blogs",
        published,
        f"{reverse('admin:weblog_blog_changelist')}?status__exact=published",
    )
    if later:
        card["note"] = f"{_group(later)} of them go{'es' if later == 1 else ''} live later"
    yield card
    queue = reverse("admin:weblog_review_changelist")
    own = f"{reverse('admin:weblog_blog_changelist')}?status__exact=in_review"
    yield _card(
        "Waiting for review",
        in_review + texts.count(),
        queue if may_review(user) else own,
    )


def _count_blogs(blogs) -> tuple[int, int, int]:
    """Return how many are published, how many of these go live later, and how many wait."""
    sums = blogs.order_by().aggregate(
        published=Count("pk", filter=Q(status=Status.PUBLISHED)),
        later=Count("pk", filter=Q(status=Status.PUBLISHED, publish_at__gt=timezone.now())),
        in_review=Count("pk", filter=Q(status=Status.IN_REVIEW)),
    )
    return sums["published"], sums["later"], sums["in_review"]


def _card(label: str, figure: int, link: str) -> Card:
    return {"label": label, "value": _group(figure), "link": link}


def list_tasks(user: User) -> Iterator[Task]:
    """Yield an editor's waiting reviews, and an author's returned and unsubmitted texts."""
    if may_review(user):
        yield from _list_editor_tasks(user)
    if user.has_perm("weblog.add_blog"):
        yield from _list_author_tasks(user)


def _list_editor_tasks(user):
    waiting = count_waiting(besides=None if settings.PUBLISH_OWN_BLOGS else user)
    if waiting:
        text = "text waits" if waiting == 1 else "texts wait"
        link = reverse("admin:weblog_review_changelist")
        yield {"text": f"{waiting} {text} for your review", "link": link}


def _list_author_tasks(user):
    drafts = user.blogs.filter(status=Status.DRAFT)
    new_texts = NewText.objects.filter(
        blog__author=user, status=NewText.Status.DRAFT
    ).select_related("blog")
    for drafts_of_kind in (drafts, new_texts):
        returned = drafts_of_kind.exclude(review_comment="").defer("body")
        for text in returned.order_by("-updated_at")[:BLOGS_SHOWN]:
            comment = Truncator(" ".join(text.review_comment.split())).chars(COMMENT_LENGTH)
            yield {"text": f"“{text.title}” came back to you: {comment}", "link": _link(text)}
    begun = drafts.filter(review_comment="").count()
    if begun:
        words = "draft of yours is" if begun == 1 else "drafts of yours are"
        link = f"{reverse('admin:weblog_blog_changelist')}?status__exact=draft"
        yield {"text": f"{begun} {words} not submitted for review yet", "link": link}
    for text in new_texts.filter(review_comment="")[:BLOGS_SHOWN]:
        yield {
            "text": f"The new text of “{text.blog}” is not submitted for review yet",
            "link": _link(text),
        }


def _group(number):
    return number_format(number, force_grouping=True)


def _waiting(word, text):
    since = text.submitted_at or text.updated_at
    return f"{word} for {format_wait(since)}"


def _link(text):
    return reverse(f"admin:weblog_{text._meta.model_name}_change", args=[text.pk])
