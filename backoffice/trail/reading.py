"""Reads a page of the trail: the newest entries before a place, out of all sources at once.

No page is counted and none is skipped: an entry's place is its moment and its key, and the next
page begins there. So the last page costs what the first one does, and an entry that comes in
meanwhile shifts nothing. One query asks every source for as many rows as a page has.

backoffice.keysets pages one table, or a few. Here are some forty, of which each is of one key: so
what comes after a place is a single condition on each, and one query on any database.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import CharField, F, Q, QuerySet, Value

from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource, list_sources

ENTRIES_PER_PAGE = 50


class Place(NamedTuple):
    """Where an entry stands: newest first, then by source, then the latest row first."""

    at: dt.datetime
    key: str
    pk: int

    @property
    def order(self) -> tuple:
        return (-self.at.timestamp(), self.key, -self.pk)

    def __str__(self):
        return f"{self.at.astimezone(dt.UTC).isoformat()}~{self.key}~{self.pk}"


def read_place(text: str) -> Place | None:
    """Return the place that an address names, or None."""
    at, _, rest = text.partition("~")
    key, _, pk = rest.partition("~")
    try:
        moment = dt.datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None or not 2000 <= moment.year <= 2100:
        return None
    if key not in list_sources() or not (pk.isdecimal() and len(pk) < 19):
        return None
    return Place(moment, key, int(pk))


class Selection(NamedTuple):
    """Rows of a source that are asked for. A source can have several."""

    source: TrailSource
    rows: QuerySet


@dataclass(frozen=True, kw_only=True)
class TrailPage:
    places: list[Place]
    has_newer: bool
    has_older: bool

    @property
    def newest(self) -> str:
        """Return the place of its first entry, as an address holds it."""
        return str(self.places[0]) if self.places else ""

    @property
    def oldest(self) -> str:
        return str(self.places[-1]) if self.places else ""


def read_page(
    selections: list[Selection],
    *,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    is_last: bool = False,
    size: int = ENTRIES_PER_PAGE,
) -> TrailPage:
    """Return the first page, or the one that a place is before or after, or the last. One query."""
    backwards = is_last or newer_than is not None
    border = newer_than if backwards else older_than
    slices = [
        _cut(selection, border, backwards=backwards, count=size + 1) for selection in selections
    ]
    found = {Place(at, key, pk) for key, at, pk in _read(slices)}
    places = sorted(found, key=lambda place: place.order, reverse=backwards)
    has_more = len(places) > size
    places = places[:size]
    if backwards:
        places.reverse()
        return TrailPage(places=places, has_newer=has_more, has_older=newer_than is not None)
    return TrailPage(places=places, has_newer=older_than is not None, has_older=has_more)


def _read(slices: list[QuerySet]) -> Iterable[tuple[str, dt.datetime, int]]:
    if not slices:
        return []
    first, *others = slices
    return first.union(*others, all=True).order_by() if others else first


def _cut(selection: Selection, border: Place | None, *, backwards: bool, count: int) -> QuerySet:
    """Return the first `count` rows beyond the border, in order, as (key, moment, pk)."""
    source, rows = selection
    if border:
        rows = rows.filter(_beyond(source, border, backwards=backwards))
    sign = "" if backwards else "-"
    ends = rows.order_by(f"{sign}{source.at}", f"{sign}pk")[:count]
    if not connection.features.supports_slicing_ordering_in_compound:  # SQLite, of a union's parts
        ends = source.model._base_manager.filter(pk__in=ends.values("pk")).order_by()
    marked = ends.annotate(
        trail_key=Value(source.key, output_field=CharField()),
        trail_at=F(source.at),
        trail_pk=F("pk"),
    )
    return marked.values_list("trail_key", "trail_at", "trail_pk")


def _beyond(source: TrailSource, border: Place, *, backwards: bool) -> Q:
    """Return the condition of rows after the border. Its first part is what an index finds."""
    strictly, or_equal = ("gt", "gte") if backwards else ("lt", "lte")
    is_later_key = source.key < border.key if backwards else source.key > border.key
    if source.key == border.key:
        same = Q(**{source.at: border.at, f"pk__{strictly}": border.pk})
        return Q(**{f"{source.at}__{or_equal}": border.at}) & (
            Q(**{f"{source.at}__{strictly}": border.at}) | same
        )
    return Q(**{f"{source.at}__{or_equal if is_later_key else strictly}": border.at})


def load_entries(places: list[Place]) -> list[Entry]:
    """Return the entries that stand there, in the same order. A few queries for each source."""
    pks: dict[str, list[Any]] = defaultdict(list)
    for place in places:
        pks[place.key].append(place.pk)
    sources = list_sources()
    entries: dict[tuple[str, Any], Entry] = {}
    for key, wanted in pks.items():
        entries |= sources[key].load(wanted)
    return [entries[place.key, place.pk] for place in places if (place.key, place.pk) in entries]
