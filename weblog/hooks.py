"""Hooks by which other apps add to the weblog's pages, from the ready() of their AppConfig."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from backoffice.home import Section

if TYPE_CHECKING:
    from weblog.models import Blog, Category


@dataclass(frozen=True)
class BlogColumn:
    """A number that the database computes for each blog in a list.

    `name` names the annotation. Each page calls `make_expression`, so it may depend on the day.
    `is_shown_to` decides who sees the column; a list has only blogs that its reader may see.
    """

    name: str
    title: str
    make_expression: Callable[[], Combinable]
    is_shown_to: Callable[[User], bool] = lambda user: True


@dataclass(frozen=True)
class Remark:
    """What another app has to say of a blog that is about to go live."""

    text: str
    is_blocking: bool = False


class BlogPanel(Protocol):
    """Makes a panel for the page of a stored blog, or None for whom it is not."""

    def __call__(self, *, blog: Blog, user: User) -> Section | None: ...


class MoveEffects(Protocol):
    """Says what a new author or category does to what the app keeps of a stored blog."""

    def __call__(self, *, blog: Blog, author: User, category: Category) -> Iterable[str]: ...


_columns: dict[str, BlogColumn] = {}
_panels: dict[str, BlogPanel] = {}
_remarks: dict[str, Callable[[Blog], Iterable[Remark]]] = {}
_move_effects: dict[str, MoveEffects] = {}


def add_blog_column(column: BlogColumn) -> None:
    """Offer a column. It replaces a former one of the same name."""
    _columns[column.name] = column


def remove_blog_column(name: str) -> None:
    _columns.pop(name, None)


def find_blog_columns(user: User) -> list[BlogColumn]:
    """Return the columns that `user` sees, in the order in which they were added."""
    return [column for column in _columns.values() if column.is_shown_to(user)]


def annotate_blogs(blogs: QuerySet, *, columns: list[BlogColumn]) -> QuerySet:
    return blogs.annotate(**{column.name: column.make_expression() for column in columns})


def add_blog_panel(name: str, make: BlogPanel) -> None:
    """Show a panel under each blog's form. It replaces a former one of the same name."""
    _panels[name] = make


def remove_blog_panel(name: str) -> None:
    _panels.pop(name, None)


def list_blog_panels(*, blog: Blog, user: User) -> list[Section]:
    panels = [make(blog=blog, user=user) for make in _panels.values()]
    return [panel for panel in panels if panel is not None]


def add_remarks(name: str, find: Callable[[Blog], Iterable[Remark]]) -> None:
    """Have `find` asked, with the blog as it would be saved, before it is submitted or published.

    It replaces a former one of the same name.
    """
    _remarks[name] = find


def remove_remarks(name: str) -> None:
    _remarks.pop(name, None)


def list_remarks(blog: Blog) -> list[Remark]:
    return [remark for find in _remarks.values() for remark in find(blog)]


def add_move_effects(name: str, describe: MoveEffects) -> None:
    """Have `describe` asked before the author or category of a published blog is changed."""
    _move_effects[name] = describe


def remove_move_effects(name: str) -> None:
    _move_effects.pop(name, None)


def list_move_effects(*, blog: Blog, author: User, category: Category) -> list[str]:
    return [
        effect
        for describe in _move_effects.values()
        for effect in describe(blog=blog, author=author, category=category)
    ]
