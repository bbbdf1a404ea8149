"""The queue of reviews: new blogs, and new texts of published ones, oldest first."""

import datetime as dt
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from weblog.models import Blog, NewText


class Waiting(NamedTuple):
    """A blog or a new text in review. `since` is when it was submitted."""

    text: Blog | NewText
    blog: Blog
    since: dt.datetime

    @property
    def is_new_text(self):
        return isinstance(self.text, NewText)

    @property
    def url(self):
        return reverse(f"admin:weblog_{self.text._meta.model_name}_change", args=[self.text.pk])

    def is_by(self, user: User) -> bool:
        return user.pk in (self.blog.author_id, getattr(self.text, "created_by_id", None))


def find_waiting() -> QuerySet:
    """Return the (kind, pk, since) of everything that waits, oldest first, for paging."""
    blogs, texts = (
        model.objects.awaiting_review()
        .order_by()
        .annotate(
            kind=Value(model._meta.model_name, output_field=CharField()),
            # Older reviews have no stored moment.
            since=Coalesce("submitted_at", "updated_at"),
        )
        .values_list("kind", "pk", "since")
        for model in (Blog, NewText)
    )
    return blogs.union(texts, all=True).order_by("since", "kind", "pk")


def load_waiting(rows) -> list[Waiting]:
    """Return the objects for `rows` of find_waiting, in their order. Two queries."""
    rows = list(rows)
    people = ("author", "category")
    blogs = Blog.objects.select_related(*people).defer("body")
    texts = NewText.objects.defer("body", "blog__body")
    texts = texts.select_related(*(f"blog__{name}" for name in people))
    found = {
        kind: queryset.in_bulk([pk for row_kind, pk, _ in rows if row_kind == kind])
        for kind, queryset in (("blog", blogs), ("newtext", texts))
    }
    waiting = []
    for kind, pk, since in rows:
        if text := found[kind].get(pk):
            blog = text if isinstance(text, Blog) else text.blog
            waiting.append(Waiting(text, blog, since))
    return waiting


def find_tables() -> list[QuerySet]:
    """Return what waits, as the rows of each table."""
    return [model.objects.awaiting_review() for model in (Blog, NewText)]


def count_waiting(*, besides: User | None = None) -> int:
    """Return the number of waiting texts, less those by `besides`. One query on each page."""
    blogs = Blog.objects.awaiting_review().order_by()
    texts = NewText.objects.awaiting_review().order_by()
    if besides:
        blogs = blogs.exclude(author=besides)
        texts = texts.exclude(blog__author=besides).exclude(created_by=besides)
    return blogs.values("pk").union(texts.values("pk"), all=True).count()
