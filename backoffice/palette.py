"""What Ctrl+K finds: pages by their names, and rows that the apps offer.

An app's `palette.py` has functions that take the user and what was typed. Its AppConfig.ready
registers them. Each returns only what the user may open, and asks the database a fixed number of
questions, by indexes: somebody types while millions of rows are there.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import reverse
from django.utils.http import urlencode

MOST_OF_A_KIND = 10


class Found(NamedTuple):
    """A page, with what tells it from others of its name."""

    title: str
    note: str
    link: str
    icon: str


type Finder = Callable[[User, str], Iterable[Found]]

_finders: dict[str, tuple[int, Finder]] = {}


def register_finder(name: str, find: Finder, *, order: int = 50) -> None:
    _finders[name] = order, find


def find_rows(user: User, text: str) -> list[Found]:
    """Return what the apps know by this text. A page stands there once."""
    finders = sorted(_finders.values(), key=lambda offer: offer[0])
    found = [one for _, find in finders for one in find(user, text)]
    return list({one.link: one for one in reversed(found)}.values())[::-1]


def may_open(user: User, model: type[Model]) -> bool:
    """Whether the user may open the list of `model`, by the rights that its admin asks for."""
    codenames = (get_permission_codename(verb, model._meta) for verb in ("view", "change"))
    return any(user.has_perm(f"{model._meta.app_label}.{codename}") for codename in codenames)


def link_to(row: Model) -> str:
    """Return the address of a row's page in the admin."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def link_to_list(name: str, **parameters: str | int) -> str:
    """Return the address of a list, such as billing_payment, narrowed down."""
    url = reverse(f"admin:{name}_changelist")
    return f"{url}?{urlencode(parameters)}" if parameters else url
