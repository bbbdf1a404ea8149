"""The home page, made of what the apps offer. It knows no app.

An app's `home.py` has functions that take the user. Its AppConfig.ready registers them. Each
function checks the user's permission for what it shows; `order` sorts them across apps.
docs/contributing.md has an example.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple, NotRequired, TypedDict

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.formats import date_format, number_format


class Task(TypedDict):
    """Work that waits for somebody, as a sentence, with the page where they do it."""

    text: str
    link: str


class Card(TypedDict):
    """A figure with its name."""

    label: str
    value: str
    note: NotRequired[str]
    link: NotRequired[str]


class Part(NamedTuple):
    """The share that a role has of the page. Who has several roles sees one part at a time."""

    name: str
    title: str
    is_for: Callable[[User], bool]


class Section(NamedTuple):
    """A panel of the page. Its template finds the data as `content`. Warnings come first."""

    name: str
    template: str
    content: Any
    is_warning: bool = False


class Chart(TypedDict):
    """The content of the template CHART: bars, and the same numbers as text."""

    title: str
    unit: str
    summary: str
    days: list[dict]
    has_bars: bool  # no axis from 0 to 1 where there is nothing to draw
    data: str


MOST_PARTS = 2  # that are shown together
CHART = "backoffice/home/chart.html"

type Lister[Item] = Callable[[User], Iterable[Item]]


class _Offers[Item]:
    """The functions that list one kind of item, by the name of the app that offers them."""

    def __init__(self) -> None:
        self._listers: dict[str, tuple[int, Lister[Item]]] = {}

    def add(self, name: str, lister: Lister[Item], order: int) -> None:
        self._listers[name] = order, lister

    def remove(self, name: str) -> None:
        self._listers.pop(name, None)

    def list_for(self, user: User) -> list[Item]:
        listers = sorted(self._listers.values(), key=lambda offer: offer[0])
        return [item for _, lister in listers for item in lister(user)]


_tasks: _Offers[Task] = _Offers()
_cards: _Offers[Card] = _Offers()
_sections: _Offers[Section] = _Offers()


def register_tasks(name: str, list_tasks: Lister[Task], *, order: int = 50) -> None:
    _tasks.add(name, list_tasks, order)


def register_cards(name: str, list_cards: Lister[Card], *, order: int = 50) -> None:
    _cards.add(name, list_cards, order)


def register_sections(name: str, list_sections: Lister[Section], *, order: int = 50) -> None:
    _sections.add(name, list_sections, order)


_parts: _Offers[Part] = _Offers()
_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())


def register_parts(name: str, list_parts: Lister[Part], *, order: int = 50) -> None:
    _parts.add(name, list_parts, order)


def is_shown(part: str) -> bool:
    """Whether the page shows the part of this name: it does unless another of its own was chosen.

    What is of a part that the user does not have is always shown: no choice would lead there.
    """
    return part not in _hidden.get()


def unregister(name: str) -> None:
    """Remove everything that was offered under the name."""
    for offers in (_tasks, _cards, _sections, _parts):
        offers.remove(name)


_found: ContextVar[dict[str, Any] | None] = ContextVar("found", default=None)


def once[Found](name: str, find: Callable[[], Found]) -> Found:
    """Return find(), asked once for a home page: tasks, cards and sections may share it."""
    found = _found.get()
    if found is None:
        return find()
    if name not in found:
        found[name] = find()
    return found[name]


class _StaffRequest(HttpRequest):
    """For annotations: everybody who sees the home page is signed in."""

    user: User


def build_home(request: _StaffRequest, context: dict) -> dict:
    """Add the data of admin/index.html. The theme's DASHBOARD_CALLBACK calls it."""
    parts = [part for part in _parts.list_for(request.user) if part.is_for(request.user)]
    chosen = _choose(parts, request.GET.get("part", ""))
    hidden = {part.name for part in parts} - {chosen} if chosen else ()
    found, shown = _found.set({}), _hidden.set(frozenset(hidden))
    try:
        return (
            context
            | _list_contents(request.user)
            | {"parts": [(part, part.name == chosen) for part in parts] if chosen else []}
        )
    finally:
        _found.reset(found)
        _hidden.reset(shown)


def _choose(parts: list[Part], asked: str) -> str | None:
    """Return the name of the part to show: of many, the first unless another is asked for."""
    if len(parts) <= MOST_PARTS:
        return None
    names = [part.name for part in parts]
    return asked if asked in names else names[0]


def _list_contents(user: User) -> dict[str, list]:
    sections = _sections.list_for(user)
    return {
        "warnings": [section for section in sections if section.is_warning],
        "tasks": _tasks.list_for(user),
        "cards": _cards.list_for(user),
        "sections": [section for section in sections if not section.is_warning],
    }


def make_chart(days: dict[dt.date, int], *, title: str, unit: str) -> Chart:
    """Return a chart of numbers by day, the latest day last. `unit` is a plural noun."""
    total = number_format(sum(days.values()), force_grouping=True)
    return {
        "title": title,
        "unit": unit.capitalize(),
        "summary": f"{total} {unit} in {len(days)} days, in numbers",
        "days": [{"day": day, "number": number} for day, number in reversed(days.items())],
        "has_bars": any(days.values()),
        "data": json.dumps(
            {
                "labels": [date_format(day, "j M") for day in days],
                "datasets": [
                    {
                        "label": unit.capitalize(),
                        "data": list(days.values()),
                        "backgroundColor": "var(--color-primary-600)",
                        "maxBarThickness": 26,
                        "displayYAxis": True,
                    }
                ],
            }
        ),
    }
