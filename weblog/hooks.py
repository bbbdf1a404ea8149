"""Hooks by which other apps add to the weblog's pages, from the ready() of their AppConfig."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.expressions import Combinable


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


_columns: dict[str, BlogColumn] = {}


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
