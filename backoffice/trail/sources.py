"""The tables that the trail is read from. An app registers each of its own in ready().

A table of history is a source by itself: see histories.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from backoffice.trail.entries import Entry


@dataclass(frozen=True, kw_only=True)
class TrailSource:
    """Rows that say who did something and when.

    `at`, `by` and `people` are fields of the table itself, so that an index finds the rows by them.
    `by` is "" where nobody but the application does it. `people` are others whom a row is about.
    `words` are the fields that a search looks into, `names` the foreign keys to rows that it finds
    by their names.

    Where find() takes a few rows of a great many by a field, `found_by` is that field: an index
    begins with it. `by` and `words` may then be names that find() gives to what
    it reads out of those few rows.
    """

    key: str
    label: str
    model: type[Model]
    describe: Callable[[list[Any]], Iterable[Entry]]
    select: Callable[[QuerySet], QuerySet] = lambda rows: rows  # with what describe() needs
    find: Callable[[QuerySet], QuerySet] = lambda rows: rows  # those of the table that are entries
    found_by: str = ""
    at: str = "at"
    by: str = "by"
    people: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    permission: str = ""  # of who may read the entries on the page of an object

    def find_rows(self) -> QuerySet:
        return self.find(self.model._base_manager.all())

    def load(self, pks: Iterable) -> dict[tuple[str, Any], Entry]:
        """Return {(key, pk): the entry}. The number of queries does not depend on that of rows."""
        rows = list(self.select(self.find_rows().filter(pk__in=pks)))
        entries = zip(rows, self.describe(rows), strict=True)
        return {
            (self.key, row.pk): replace(entry, source=self.key, pk=row.pk) for row, entry in entries
        }


@dataclass(frozen=True, kw_only=True)
class Named:
    """Rows that a search finds by their names, and with them all entries that point to one."""

    fields: tuple[str, ...]
    most: int = 50


_sources: dict[str, TrailSource] = {}
_relations: dict[type[Model], list[Callable[[Any], Mapping[str, Q]]]] = defaultdict(list)
_named: dict[type[Model], Named] = {}


def register_trail_source(source: TrailSource) -> None:
    _sources[source.key] = source
    list_sources.cache_clear()


def register_relations(model: type[Model], find: Callable[[Any], Mapping[str, Q]]) -> None:
    """Say which entries stand on the page of an object beside its own: {key of a source: which}."""
    _relations[model].append(find)


def register_names(model: type[Model], *fields: str) -> None:
    _named[model] = Named(fields=fields)


def find_relations(instance: Model) -> list[Mapping[str, Q]]:
    return [find(instance) for find in _relations[type(instance)]]


def list_names() -> Mapping[type[Model], Named]:
    return _named


@cache
def list_sources() -> dict[str, TrailSource]:
    """Return {key: source}: all histories, and what apps have registered."""
    from backoffice.trail.histories import make_source

    histories = [
        make_source(model)
        for model in apps.get_models()
        if hasattr(model._meta, "simple_history_manager_attribute")
    ]
    return {source.key: source for source in [*histories, *_sources.values()]}
