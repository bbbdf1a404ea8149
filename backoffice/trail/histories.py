"""Tables of history as sources of the trail. A new model with a history is one by itself."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db.models import CharField, ForeignKey, Model, TextField
from django.utils.text import capfirst
from simple_history.utils import get_history_model_for_model

from backoffice.changes import describe_records
from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource

ACTIONS = {"+": ("Added", "success"), "~": ("Changed", "primary"), "-": ("Deleted", "danger")}
# What no search looks into: texts of many pages, and digests.
LONG = {"body"}
DIGESTS = ("digest", "sha256", "hash")


def make_source(model: type[Model]) -> TrailSource:
    """Return the source that the history of a model is."""
    history = get_history_model_for_model(model)
    opts = model._meta
    return TrailSource(
        key=opts.label_lower,
        label=str(capfirst(opts.verbose_name_plural)),
        model=history,
        describe=partial(_describe, model),
        select=lambda rows: rows.select_related("history_user"),
        at="history_date",
        by="history_user",
        words=tuple(_list_words(history)),
        names=tuple(
            each.name
            for each in history._meta.fields
            if isinstance(each, ForeignKey) and each.name != "history_user"
        ),
        people=("id",) if model is User else (),
        permission=f"{opts.app_label}.view_{opts.model_name}",
    )


def _list_words(history: type[Model]) -> Iterable[str]:
    for each in history._meta.fields:
        if each.name == "history_type" or each.name in LONG or each.name.endswith(DIGESTS):
            continue
        if isinstance(each, CharField | TextField) and not each.choices:
            yield each.name


def _describe(model: type[Model], records: list[Any]) -> Iterable[Entry]:
    for told in describe_records(records):
        record: Any = told.record
        action, tone = ACTIONS[record.history_type]
        reason = record.history_change_reason or ""
        unchanged = "None of the tracked fields" if reason else "Saved without a change"
        yield Entry(
            at=record.history_date,
            by=record.history_user,
            action=action,
            tone=tone,
            kind=str(told.kind),
            subject=told.object_name,
            changes=told.changes,
            is_first_known=told.is_first_known,
            text="" if told.changes else unchanged,
            reason=reason,
            place=(model, told.object_pk),
        )
