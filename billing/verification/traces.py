"""Checks that each row of histories and logs is what the application wrote, and that none is gone.

A row without a trace came from elsewhere; one that differs from its trace was changed; a trace
without its row tells of one that was erased. The seals hold the traces themselves. By night, only
what came since the last run without a difference, and one of NIGHTS parts of what is older.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from itertools import batched
from typing import Any, NamedTuple

from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from backoffice.jobs.records import SUCCESSES_KEPT
from billing.models import Trace, Verification
from billing.proof.traced import Traced, list_other, list_traced
from billing.proof.traces import is_ours
from billing.verification.differences import Difference
from billing.verification.trace_seals import check_end, check_seals

NIGHTS = 7  # until each older row was read again
ROWS_AT_A_TIME = 1_000
ROWS_OF_A_PORTION = 20_000
SLACK = dt.timedelta(days=1)


class Scope(NamedTuple):
    """What a run reads: all, or what is under later seals than `after`, and a part of the rest."""

    after: int
    part: int  # from 1 to NIGHTS; 0: all

    def narrow(self, rows: QuerySet[Any], column: str, or_else: Q) -> QuerySet[Any]:
        """Return the rows of its part, and those of a condition."""
        if not self.part:
            return rows
        its_part = rows.alias(its_part=F(column) % NIGHTS)
        return its_part.filter(Q(its_part=self.part - 1) | or_else)

    def find_new(self, traced: Traced) -> Callable[[str], Q]:
        """Return what tells, by the column of the key, that a row or its trace is new.

        A row that came after all that are under older seals may have no trace.
        """
        traces = Trace.objects.filter(kind=traced.name)
        older = traces.filter(seal__number__lte=self.after)
        top = older.aggregate(top=Max("row", default=0))["top"] if self.part else 0
        new = traces.filter(Q(seal=None) | Q(seal__number__gt=self.after)).values("row")
        return lambda column: Q((f"{column}__gt", top)) | Q((f"{column}__in", new))


def check_traces(run: Verification, key: str, after: str, numbers: Counter) -> str | None:
    """Check a portion, and return the next position: “seals:12” or “price:40000”."""
    scope = Scope(run.traces_after, run.part)
    name, _, place = after.rpartition(":")
    if name in ("", "seals"):
        if not name:
            check_end()
            _check_unsealed(numbers)
        seals = lambda links: scope.narrow(links, "number", Q(number__gt=scope.after))  # noqa: E731
        last = check_seals(seals, int(place or 0), numbers)
        return f"seals:{last}" if last else f"{list_traced()[0].name}:0"
    traced = next(each for each in list_traced() if each.name == name)
    if last := _check_rows(traced, scope, int(place), numbers):
        return f"{name}:{last}"
    following = list_traced()[list_traced().index(traced) + 1 :]
    return f"{following[0].name}:0" if following else None


def _check_unsealed(numbers: Counter) -> None:
    for trace in Trace.objects.filter(seal=None).iterator(ROWS_AT_A_TIME):
        if not is_ours(trace):
            raise Difference(
                trace,
                "bears a mark that the application did not make",
                "it marks each trace by SECRET_KEY or one of SECRET_KEY_FALLBACKS",
            )
        numbers["traces without a seal"] += 1


def _check_rows(traced: Traced, scope: Scope, after: int, numbers: Counter) -> int:
    """Compare rows of a kind with their latest traces. Return the last one's key, 0 at the end."""
    is_new = scope.find_new(traced)
    rows = scope.narrow(traced.rows().filter(pk__gt=after), "pk", is_new("pk"))
    traces = Trace.objects.filter(kind=traced.name).order_by("pk")
    traces = scope.narrow(traces, "row", is_new("row"))
    count, last = 0, after
    for portion in batched(rows[:ROWS_OF_A_PORTION].iterator(ROWS_AT_A_TIME), ROWS_AT_A_TIME):
        until = portion[-1].pk
        _check_portion(traced, portion, _load_latest(traces, last, until))
        last = until
        count += len(portion)
    numbers["traced rows"] += count
    if count == ROWS_OF_A_PORTION:
        return last
    _check_erased(traced, _load_latest(traces, last, None))
    return 0


def _load_latest(traces: QuerySet[Trace], after: int, until: int | None) -> dict[int, str]:
    """Return {row: digest} of the latest traces of rows between these."""
    between = traces.filter(row__gt=after)
    if until is not None:
        between = between.filter(row__lte=until)
    return dict(between.values_list("row", "digest").iterator(ROWS_AT_A_TIME))


def _check_portion(traced: Traced, portion: tuple[Any, ...], latest: dict[int, str]) -> None:
    other = list_other(traced, portion, latest)
    for row in portion:
        should = latest.pop(row.pk, None)
        if should is None:
            raise Difference(
                row, "has no trace", "the application leaves one of each row that it writes"
            )
        if row.pk in other:
            raise Difference(row, "is not as the application wrote it", f"its trace is of {should}")
    _check_erased(traced, latest)


def _check_erased(traced: Traced, latest: dict[int, str]) -> None:
    for portion in batched(latest, ROWS_AT_A_TIME):
        traces = Trace.objects.filter(kind=traced.name, row__in=portion).order_by("pk")
        for trace in traces.select_related("seal").defer("seal__content"):
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
