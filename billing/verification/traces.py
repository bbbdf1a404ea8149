"""Checks that each row of histories and logs is what the application wrote, and that none is gone.

A row without a trace came from elsewhere; one that differs from its trace was changed; a trace
without its row tells of one that was erased. The seals hold the traces themselves. A few queries
for 1,000 rows; seals that an earlier run proved are left out on request.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import batched, groupby
from typing import Any

from django.utils import timezone

from backoffice.jobs.records import SUCCESSES_KEPT
from billing.models import Trace, TraceSeal, Verification
from billing.proof.chains import iter_links
from billing.proof.marks import find_key, is_content_marked
from billing.proof.traced import Traced, digest_rows, list_traced
from billing.proof.traces import is_ours
from billing.verification.differences import Difference

ROWS_AT_A_TIME = 1_000
SLACK = dt.timedelta(days=1)


def check_traces(run: Verification, key: str, after: str, numbers: Counter) -> None:
    _check_seals(numbers)
    for trace in Trace.objects.filter(seal=None).iterator(ROWS_AT_A_TIME):
        if not is_ours(trace):
            raise Difference(
                trace,
                "bears a mark that the application did not make",
                "it marks each trace by SECRET_KEY or one of SECRET_KEY_FALLBACKS",
            )
        numbers["traces without a seal"] += 1
    for traced in list_traced():
        numbers["traced rows"] += _check_rows(traced)


def _check_seals(numbers: Counter) -> None:
    """Check each seal, and that the traces under it are those that it lists. Two queries."""
    sealed = Trace.objects.filter(seal__isnull=False).order_by("seal__number", "pk")
    traces = iter(groupby(sealed.iterator(ROWS_AT_A_TIME), key=lambda trace: trace.seal_id))
    seal_pk, under = next(traces, (None, iter(())))
    is_known = False
    for seal, fault in iter_links(TraceSeal):
        if fault:
            raise Difference(seal, *fault)
        content = json.loads(seal.content)
        is_known = _check_mark(seal, content, is_known=is_known)
        numbers["seals of traces by an earlier key"] += not is_known
        _check_list(seal, content["traces"], under if seal_pk == seal.pk else ())
        if seal_pk == seal.pk:
            seal_pk, under = next(traces, (None, iter(())))
        numbers["seals of traces"] += 1


def _check_mark(seal: TraceSeal, content: dict, *, is_known: bool) -> bool:
    """Check the mark by the key that the seal names, unless that key is gone."""
    secret = find_key(content)
    if secret is None:
        if is_known:
            raise Difference(seal, "names a secret key of nobody", "the seal before names ours")
        return False
    if not is_content_marked(content, previous_hash=seal.previous_hash, secret=secret):
        raise Difference(
            seal, "bears a mark that the application did not make", "it marks each of them"
        )
    return True


def _check_list(seal: TraceSeal, listed: list[list], traces: Iterable[Trace]) -> None:
    should = {pk: (kind, row, digest) for pk, kind, row, digest in listed}
    for trace in traces:
        if should.pop(trace.pk, None) != (trace.kind, trace.row, trace.digest):
            raise Difference(
                trace, f"says that it is in {seal} of traces", "that holds it otherwise"
            )
    for pk, (kind, row, _) in should.items():
        raise Difference(
            f"The trace of {kind} {row} ({Trace._meta.db_table} {pk})",
            "is gone",
            f"{seal} of traces holds it",
        )


def _check_rows(traced: Traced) -> int:
    """Compare all rows of a kind with their latest traces, and return how many there are."""
    count, last = 0, None
    for portion in batched(traced.rows().iterator(ROWS_AT_A_TIME), ROWS_AT_A_TIME):
        latest = dict(_list_traces(traced, last, portion[-1].pk))
        last = portion[-1].pk
        _check_portion(traced, portion, latest)
        count += len(portion)
    _check_erased(traced, dict(_list_traces(traced, last, None)))
    return count


def _list_traces(traced: Traced, after: int | None, until: int | None) -> Iterator[Any]:
    """Return the rows and digests of traces between these rows. The latest trace comes last."""
    traces = Trace.objects.filter(kind=traced.name).order_by("pk").values_list("row", "digest")
    if after is not None:
        traces = traces.filter(row__gt=after)
    if until is not None:
        traces = traces.filter(row__lte=until)
    return traces.iterator(ROWS_AT_A_TIME)


def _check_portion(traced: Traced, portion: tuple[Any, ...], latest: dict[int, str]) -> None:
    rows = {row.pk: row for row in portion}
    for key, digest in digest_rows(traced, portion):
        should = latest.pop(key, None)
        if should is None:
            raise Difference(
                rows[key], "has no trace", "the application leaves one of each row that it writes"
            )
        if should != digest:
            raise Difference(
                rows[key], "is not as the application wrote it", f"its trace is of {should}"
            )
    _check_erased(traced, latest)


def _check_erased(traced: Traced, latest: dict[int, str]) -> None:
    for portion in batched(latest, ROWS_AT_A_TIME):
        traces = Trace.objects.filter(kind=traced.name, row__in=portion).select_related("seal")
        for trace in traces.order_by("pk"):
            if not _was_dropped(trace):
                table = traced.model._meta.db_table
                raise Difference(
                    f"The {traced.model._meta.verbose_name} {trace.row} ({table} {trace.row})",
                    "was erased, or is said to be unfinished",
                    f"the application wrote it ({Trace._meta.db_table} {trace.pk})",
                )


def _was_dropped(trace: Trace) -> bool:
    """Whether it is of a job's run that is old enough to be dropped."""
    return (
        trace.kind == "job"
        and trace.seal is not None
        and trace.seal.at < timezone.now() - SUCCESSES_KEPT + SLACK
    )
