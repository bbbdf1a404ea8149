"""What the trail tells of one object: on its own page, and where the trail is asked for it."""

import functools
import operator
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import reverse

from backoffice.trail.entries import Entry
from backoffice.trail.origins import add_origins
from backoffice.trail.reading import (
    ENTRIES_PER_PAGE,
    Place,
    Selection,
    TrailPage,
    load_entries,
    read_page,
    read_place,
)
from backoffice.trail.sources import TrailSource, find_relations, list_sources

READ_ALL = "backoffice.view_audittrail"


class Row(NamedTuple):
    entry: Entry
    url: str  # where the object is, for who may see it
    version_url: str = ""  # the object as it was then


def find_of_object(instance: Model) -> dict[str, Q]:
    """Return {key of a source: which of its rows are about the object}."""
    found: dict[str, list[Q]] = defaultdict(list)
    for key, source in list_sources().items():
        if own := _find_own(source, instance):
            found[key].append(own)
    for related in find_relations(instance):
        for key, which in related.items():
            found[key].append(which)
    return {key: functools.reduce(operator.or_, parts) for key, parts in found.items()}


def _find_own(source: TrailSource, instance: Model) -> Q | None:
    if source.model is type(instance):
        return Q(pk=instance.pk)
    if getattr(source.model, "instance_type", None) is type(instance):
        return Q(**{instance._meta.pk.attname: instance.pk})
    return None


def select_of_object(instance: Model, user: Any) -> list[Selection]:
    """Return what this user may read of it: of other tables' entries, those of a right they have.

    Who sees the object sees its own history. Who may read the trail sees everything.
    """
    reads_all, selections = user.has_perm(READ_ALL), []
    for key, which in find_of_object(instance).items():
        source = list_sources()[key]
        is_own = _find_own(source, instance) is not None
        if reads_all or is_own or (source.permission and user.has_perm(source.permission)):
            selections.append(Selection(source, source.find_rows().filter(which)))
    return selections


def ask_for_page(
    selections: list[Selection], query: Any, *, size: int = ENTRIES_PER_PAGE
) -> TrailPage:
    """Return the page that the parameters of an address name; the first if they name none."""
    older, newer = _read(query, "older"), _read(query, "newer")
    is_last = query.get("page") == "last"
    if older:
        newer, is_last = None, False
    page = read_page(selections, older_than=older, newer_than=newer, is_last=is_last, size=size)
    is_short = newer and len(page.places) < size
    return read_page(selections, size=size) if is_short else page


def _read(query: Any, name: str) -> Place | None:
    return read_place(query.get(name, ""))


def make_rows(
    entries: list[Entry], request: HttpRequest, site: AdminSite, *, versions_of: Any = None
) -> list[Row]:
    """Return the rows of a table. Addresses of people are for who may read the whole trail."""
    if request.user.has_perm(READ_ALL):
        entries = add_origins(entries)
    else:
        entries = [replace(entry, origin="") for entry in entries]
    urls = _find_urls(entries, request, site)
    return [
        Row(entry, url, _find_version(entry, versions_of, site))
        for entry, url in zip(entries, urls, strict=True)
    ]


def read_object_trail(instance: Model, request: HttpRequest, site: AdminSite) -> dict[str, Any]:
    """Return what backoffice/trail/list.html shows of the object: `rows` and `page`."""
    page = ask_for_page(select_of_object(instance, request.user), request.GET)
    rows = make_rows(load_entries(page.places), request, site, versions_of=instance)
    label = instance._meta.label_lower
    whole = reverse(
        "admin:backoffice_audittrail_changelist", query={"object": f"{label}:{instance.pk}"}
    )
    return {
        "rows": rows,
        "page": page,
        "reads_all": request.user.has_perm(READ_ALL),
        "whole_trail": whole,
    }


def _find_version(entry: Entry, instance: Any, site: AdminSite) -> str:
    """Return the page of the object as it was, of an entry of its own history."""
    if instance is None or entry.place != (type(instance), instance.pk):
        return ""
    is_own = getattr(list_sources()[entry.source].model, "instance_type", None) is type(instance)
    if not is_own or not site.is_registered(type(instance)):
        return ""
    if not hasattr(site.get_model_admin(type(instance)), "history_form_view"):
        return ""
    opts = instance._meta
    name = f"admin:{opts.app_label}_{opts.model_name}_simple_history"
    return reverse(name, args=[quote(instance.pk), entry.pk])


def _find_urls(entries: Iterable[Entry], request: HttpRequest, site: AdminSite) -> list[str]:
    """Return where each entry leads this user, or "". A query for each kind of object."""
    pks = defaultdict(set)
    for entry in entries:
        if entry.place and not entry.url:
            model, pk = entry.place
            pks[model].add(pk)
    visible = {
        model: _find_visible(model, of_model, request, site) for model, of_model in pks.items()
    }
    return [_find_url(entry, visible, request) for entry in entries]


def _find_url(entry: Entry, visible: dict, request: HttpRequest) -> str:
    if entry.url:
        return entry.url if request.user.has_perm(entry.permission) else ""
    if not entry.place:
        return ""
    model, pk = entry.place
    if pk not in visible[model]:
        return ""
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[quote(pk)])


def _find_visible(model: type[Model], pks: set, request: HttpRequest, site: AdminSite) -> set:
    if not site.is_registered(model):
        return set()
    model_admin = site.get_model_admin(model)
    if not model_admin.has_view_permission(request):
        return set()
    rows = model_admin.get_queryset(request).filter(pk__in=pks)
    return set(rows.values_list("pk", flat=True))
