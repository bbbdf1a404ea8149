"""Leaves a trace of each row that the application writes into a history or a log, and seals it.

A trace is written in the transaction of its row: of a record of history, or of a job's run, by a
signal; of other rows by whoever writes them. Its mark needs the application's secret. Every few
minutes, and before each signature, all traces are sealed: a link of a chain lists them. From then
on neither a row nor its trace can go, change or come without a difference.
"""

import datetime as dt
import json
import logging
from collections.abc import Iterable
from itertools import batched
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Max, Model
from simple_history.utils import get_history_manager_for_model

from backoffice.models import JobRun
from billing.bulk import any_of
from billing.locks import Lock, hold_lock
from billing.models import Seal, Trace, TraceSeal
from billing.proof.chains import NO_HASH, append_link, find_head
from billing.proof.marks import is_marked, make_mark, mark_content
from billing.proof.traced import (
    Traced,
    digest_new,
    digest_rows,
    find_traced,
    list_other,
    list_traced,
)

logger = logging.getLogger(__name__)

ROWS_AT_A_TIME = 1_000


def leave_traces(traced: Traced, keys: Iterable[int]) -> None:
    """Leave a trace of each row, as the database now holds it. Two queries for 1,000 rows."""
    for portion in batched(keys, ROWS_AT_A_TIME):
        rows = traced.rows().filter(pk__in=portion)
        _write_traces(traced.name, digest_rows(traced, rows))


def _write_traces(kind: str, digests: Iterable[tuple[int, str]]) -> None:
    Trace.objects.bulk_create(
        (
            Trace(kind=kind, row=key, digest=digest, mark=make_mark(kind, key, digest))
            for key, digest in digests
        ),
        ignore_conflicts=True,  # saved as it was
    )


def trace_rows(rows: Iterable[Any]) -> None:
    """Leave traces of rows of one model that were written without its signals."""
    for portion in batched(rows, ROWS_AT_A_TIME):
        if traced := find_traced(type(portion[0])):
            leave_traces(traced, [row.pk for row in portion])


def trace_latest_records(model: type[Model], keys: Iterable[int]) -> None:
    """Leave traces of the latest records of these rows, whose history came all at once."""
    history: Any = get_history_manager_for_model(model)
    if traced := find_traced(history.model):
        for portion in batched(keys, ROWS_AT_A_TIME):
            latest = history.filter(id__in=portion).order_by().values("id")
            records = latest.annotate(latest=Max("history_id")).values_list("latest", flat=True)
            leave_traces(traced, list(records))


def is_ours(trace: Trace) -> bool:
    """Whether the application made the trace, by its secret or an earlier one."""
    return is_marked(trace.mark, trace.kind, trace.row, trace.digest)


def is_as_written(row: Any) -> bool:
    """Whether the row is as its latest trace says, which the application made."""
    traced = find_traced(type(row))
    if traced is None:
        return False
    trace = Trace.objects.filter(kind=traced.name, row=row.pk).order_by("pk").last()
    if trace is None or not is_ours(trace):
        return False
    return not list_other(traced, [row], {row.pk: trace.digest})


@transaction.atomic
def seal_traces(*, at: dt.datetime, **facts: object) -> int:
    """Seal all traces that no seal holds, and return how many. It leaves forged ones out.

    The first of these seals says `facts` as well.
    """
    hold_lock(Lock.TRACES)
    count, last = 0, 0
    unsealed = Trace.objects.filter(seal=None).order_by("pk")
    while portion := list(unsealed.filter(pk__gt=last)[:ROWS_AT_A_TIME]):
        last = portion[-1].pk
        ours = [trace for trace in portion if is_ours(trace)]
        if len(ours) < len(portion):
            logger.error("Traces that the application did not write: verify_payouts names them.")
        if ours:
            seal = _append(make_content(ours) | facts, at=at)
            facts = {}
            keys = any_of(trace.pk for trace in ours)
            Trace.objects.filter(pk__in=keys).update(seal=seal)
        count += len(ours)
    return count


def _append(content: dict, *, at: dt.datetime) -> TraceSeal:
    head = find_head(TraceSeal)
    marked = mark_content(content, previous_hash=head.hash if head else NO_HASH)
    return append_link(TraceSeal, content=marked, at=at)


@transaction.atomic
def adopt_rows(*, at: dt.datetime) -> int:
    """Trace and seal what stands there from before there were traces. Once: at the upgrade.

    A signature that names a seal of traces tells that there were traces already.
    """
    hold_lock(Lock.PAYOUTS, Lock.TRACES)
    signed = Seal.objects.filter(kind=Seal.Kind.APPROVAL, content__contains='"traces":[')
    if Trace.objects.exists() or TraceSeal.objects.exists() or signed.exists():
        return 0
    for traced in list_traced():
        keys = traced.rows().values_list("pk", flat=True)
        leave_traces(traced, keys.iterator(ROWS_AT_A_TIME))
    without = {model._meta.model_name: _list_without_history(model) for model in (User, Group)}
    return seal_traces(at=at, without_history=without)


def _list_without_history(model: Any) -> list[int]:
    history = get_history_manager_for_model(model)
    rows = model._default_manager.exclude(pk__in=history.values("id"))
    return sorted(rows.values_list("pk", flat=True))


def list_adopted_without_history(model: type[Model]) -> set[int]:
    """Return the keys of rows that had no history when traces began."""
    first = TraceSeal.objects.filter(number=1).first()
    without = json.loads(first.content).get("without_history", {}) if first else {}
    return set(without.get(model._meta.model_name, ()))


def find_adoption() -> dt.datetime | None:
    """Return when an upgrade traced what stood there, or None if there was nothing. One query."""
    first = TraceSeal.objects.filter(number=1).first()
    is_adoption = first is not None and "without_history" in json.loads(first.content)
    return first.at if first and is_adoption else None


def make_content(traces: Iterable[Trace]) -> dict:
    return {"traces": [[trace.pk, trace.kind, trace.row, trace.digest] for trace in traces]}


def read_trace_head() -> list:
    """Return the number and the hash of the latest seal of traces, for the seal of an approval."""
    head = find_head(TraceSeal)
    return [head.number, head.hash] if head else []


def receive_recorded(sender, *, history_instance, **kwargs) -> None:
    traced = find_traced(type(history_instance))
    if traced and traced.lists_rights and history_instance.history_type == "+":
        # Thousands of accounts come at once by an import. Their rights are given afterwards.
        _write_traces(traced.name, [digest_new(traced, history_instance)])
    elif traced:
        leave_traces(traced, [history_instance.pk])


def receive_run_saved(sender, *, instance, **kwargs) -> None:
    if instance.status != JobRun.Status.RUNNING:
        trace_rows([instance])
