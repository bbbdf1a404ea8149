"""Deeds in the audit trail that are no history of a row: rows that are added and never change.

An app registers each kind of them. Its rows have `at`, `by` and `reason`.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db.models import CharField, F, QuerySet, Value

from backoffice.people import full_name


@dataclass(frozen=True, kw_only=True)
class Deed:
    """An entry of the trail: who did what to what, and why."""

    is_deed: ClassVar[bool] = True

    at: dt.datetime
    by: User
    kind: str
    subject: str
    text: str
    reason: str
    url: str
    permission: str  # to be led there

    @property
    def person(self) -> str:
        return full_name(self.by)


@dataclass(frozen=True, kw_only=True)
class TrailSource:
    key: str
    label: str
    find_rows: Callable[[], QuerySet]
    describe: Callable[[Any], Deed]


_sources: dict[str, TrailSource] = {}


def register_trail_source(source: TrailSource) -> None:
    _sources[source.key] = source


def list_sources() -> dict[str, TrailSource]:
    return dict(_sources)


def find_deeds(source: TrailSource, **filters) -> QuerySet:
    """Return the matching rows as (key, at, pk). The filters are those of a history's rows."""
    names = {"history_user": "by", "history_date": "at", "history_change_reason": "reason"}
    own = {}
    for lookup, value in filters.items():
        field, _, how = lookup.partition("__")
        own["__".join(filter(None, [names[field], how]))] = value
    rows = source.find_rows().filter(**own).order_by()
    return rows.annotate(
        model_label=Value(source.key, output_field=CharField()),
        history_date=F("at"),
        history_id=F("pk"),
    ).values_list("model_label", "history_date", "history_id")


def load_deeds(key: str, pks: list[int]) -> dict[tuple[str, int], Deed]:
    """Return {(key, pk): the entry}."""
    source = _sources[key]
    return {(key, row.pk): source.describe(row) for row in source.find_rows().filter(pk__in=pks)}
