"""The weblog's part of the home page, for authors and editors."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import CharField, Count, Model, Q, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import Truncator

from backoffice.home import (
    Card,
    Part,
    Section,
    Task,
    is_shown,
    once,
    register_cards,
    register_parts,
    register_sections,
    register_tasks,
)
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


BLOGS = "blogs"  # the part of editors, and of one's own blogs


def offer_home() -> None:
    register_parts("weblog", lambda user: [Part(BLOGS, "Blogs", may_review)], order=40)
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
    if not is_shown(BLOGS):
        return
    if may_review(user):
        content = {"waiting": load_waiting(find_waiting()[:REVIEWS_SHOWN]), "user": user}
        yield Section("review_queue", "weblog/admin/home_review_queue.html", content)
        yield Section("coming_up", "weblog/admin/home_coming_up.html", find_coming())
    if not user.has_perm("weblog.add_blog"):
        return
    own_blogs = _own_blogs(user)
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


def has_blogs(user: User) -> bool:
    return bool(_own_blogs(user))


def _own_blogs(user: User) -> list[OwnBlog]:
    return once("weblog.own_blogs", lambda: find_own_blogs(user))


def find_own_blogs(user: User) -> list[OwnBlog]:
    """Return an author's most recently changed blogs. Two queries, one if there are none."""
    columns = find_blog_columns(user)
    blogs = annotate_blogs(user.blogs.defer("body"), columns=columns)
    shown = list(blogs.order_by("-updated_at", "-pk")[:BLOGS_SHOWN])
    new_texts = {text.blog_id: text for text in _open_texts(user)} if shown else {}
    return [
        OwnBlog(
            blog=blog,
            new_text=new_texts.get(blog.pk),
            figures=[(column.title, _group(getattr(blog, column.name))) for column in columns],
        )
        for blog in shown
    ]


def _open_texts(user: User) -> list[NewText]:
    """Return the new texts of an author's blogs that are not live yet, the latest first."""
    texts = NewText.objects.open().filter(blog__author=user).select_related("blog")
    return once("weblog.open_texts", lambda: list(texts.defer("body", "blog__body")))


def list_cards(user: User) -> Iterator[Card]:
    """Yield the numbers of blogs, for users who may see blogs."""
    if not is_shown(BLOGS) or not user.has_perm("weblog.view_blog"):
        return
    everyones = user.has_perm("weblog.view_all_blogs")
    numbers = _numbers(user)
    published = numbers[Blog, Status.PUBLISHED]
    card = _card(
        "Published blogs" if everyones else "Your published blogs",
        published.all,
        f"{reverse('admin:weblog_blog_changelist')}?status__exact=published",
    )
    if later := published.later:
        card["note"] = f"{_group(later)} of them go{'es' if later == 1 else ''} live later"
    yield card
    queue = reverse("admin:weblog_review_changelist")
    own = f"{reverse('admin:weblog_blog_changelist')}?status__exact=in_review"
    yield _card(
        "Waiting for review",
        numbers[Blog, Status.IN_REVIEW].all + numbers[NewText, NewText.Status.IN_REVIEW].all,
        queue if may_review(user) else own,
    )


class Numbers(NamedTuple):
    """How many texts there are of a kind and status, for a user."""

    all: int = 0  # that the user may see
    later: int = 0  # of these, live at a time to come
    begun: int = 0  # the user's own, that no editor has answered
    returned: int = 0  # the user's own, with an editor's comment


def _numbers(user: User) -> Mapping[tuple[type[Model], str], Numbers]:
    return once("weblog.numbers", lambda: count_texts(user))


def count_texts(user: User) -> Mapping[tuple[type[Model], str], Numbers]:
    """Return {(Blog or NewText, status): numbers} of what the user may see. One query."""
    kinds: dict[str, type[Blog | NewText]] = {"author": Blog, "blog__author": NewText}
    of_blogs, of_texts = (
        model.objects.visible_to(user)
        .order_by()
        .annotate(kind=Value(author, output_field=CharField()))
        .values_list("kind", "status")
        .annotate(
            all=Count("pk"),
            later=Count("pk", filter=Q(publish_at__gt=timezone.now())),
            begun=Count("pk", filter=Q(review_comment="", **{author: user})),
            returned=Count("pk", filter=~Q(review_comment="") & Q(**{author: user})),
        )
        for author, model in kinds.items()
    )
    found: defaultdict[tuple[type[Model], str], Numbers] = defaultdict(Numbers)
    for kind, status, *numbers in of_blogs.union(of_texts, all=True).order_by():
        found[kinds[kind], status] = Numbers(*numbers)
    return found


def _card(label: str, figure: int, link: str) -> Card:
    return {"label": label, "value": _group(figure), "link": link}


def list_tasks(user: User) -> Iterator[Task]:
    """Yield an editor's waiting reviews, and an author's returned and unsubmitted texts."""
    if not is_shown(BLOGS):
        return
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
    if not has_blogs(user):
        return
    drafts = _numbers(user)[Blog, Status.DRAFT]
    returned = user.blogs.filter(status=Status.DRAFT).exclude(review_comment="").defer("body")
    blogs = returned.order_by("-updated_at")[:BLOGS_SHOWN] if drafts.returned else []
    texts = [text for text in _open_texts(user) if text.status == NewText.Status.DRAFT]
    for text in (*blogs, *[text for text in texts if text.review_comment][:BLOGS_SHOWN]):
        comment = Truncator(" ".join(text.review_comment.split())).chars(COMMENT_LENGTH)
        yield {"text": f"“{text.title}” came back to you: {comment}", "link": _link(text)}
    if begun := drafts.begun:
        words = "draft of yours is" if begun == 1 else "drafts of yours are"
        link = f"{reverse('admin:weblog_blog_changelist')}?status__exact=draft"
        yield {"text": f"{begun} {words} not submitted for review yet", "link": link}
    for text in [text for text in texts if not text.review_comment][:BLOGS_SHOWN]:
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
