"""Proves every cent again: views, counts, prices, lines, payments, digests and the chain of seals.

A module for each of them; sums and prices are worked out again, not asked of the code that made
them. In portions of a few seconds, each of which sees the database as of one moment: a page goes on
portion by portion, the command line checks several things at a time. Start below.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator

from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models import Max
from django.utils import timezone

from billing.models import Payment, PayoutBatch, TraceSeal, Verification, ViewSeal
from billing.proof.traces import is_as_written, trace_rows
from billing.proof.view_seals import list_sealed_months
from billing.verification import (
    accounts,
    acts,
    books,
    chain,
    counts,
    decided_views,
    decisions,
    digests,
    disputes,
    exports,
    histories,
    imports,
    left_out,
    lines,
    references,
    schema,
    submissions,
    taken_in,
    traces,
    views,
)
from billing.verification.differences import UNREADABLE, Difference
from billing.verification.snapshots import read_at_one_moment
from billing.verification.workers import can_work_side_by_side, open_workers

Status = Verification.Status

# The checks, cheapest first, with their names for people. A check takes the run, its key, its last
# position and the numbers to add to. It returns its next position, or nothing when it is done.
ONCE = {
    "guards": (chain.check_guards, "the guards of the database"),
    "schema": (schema.check_schema, "tables and their rules"),
    "references": (references.check_references, "rows that others refer to"),
    "chain": (chain.check_chain, "the chain of seals"),
    "histories": (histories.check_histories, "histories"),
    "view seals": (views.check_view_seals, "the chain of seals of views"),
    "submissions": (submissions.check_submissions, "what batches rest on"),
}
DIGESTS = {
    "line digests": (digests.check_line_digests, "digests of lines"),
    "digests": (digests.check_digests, "digests of payments"),
    "batch digest": (digests.check_batch_digest, "the signed digest"),
}
PER_BATCH = {
    "approvals": (chain.check_approvals, "approvals"),
    "settlements": (chain.check_results, "bank results"),
}
DERIVED = {
    "lines": (lines.check_lines, "lines and prices"),
    "sums": (lines.check_sums, "sums and rounding"),
    "decisions": (decisions.check_decisions, "who is paid, held or carried"),
    "left out": (decisions.check_nobody_left_out, "what waited for the batch"),
    "disputes": (disputes.check_disputes, "lines in dispute"),
    "unpriced": (left_out.check_left_out, "views left out for want of a price"),
    "acts": (acts.check_acts, "acts of people, and who signed"),
    "adjustments": (lines.check_adjustments, "adjustments"),
    "carries": (lines.check_carries, "amounts carried forward"),
    "exports": (exports.check_exports, "exported files"),
    "sealed histories": (chain.check_sealed_histories, "who changed what"),
}
PER_MONTH = {
    "months": (counts.check_months, "views of months and of categories"),
    "imports": (imports.check_imports, "imported views"),
    "paid views": (counts.check_paid_views, "views and batches"),
    "decided views": (decided_views.check_decided_views, "decisions about findings"),
    "taken in": (taken_in.check_taken_in, "views that were due to a batch"),
    "views": (counts.check_views, "views of each day"),
}
AT_LAST = {"books": (books.check_books, "the balances of the books")}  # of runs over all months
AT_THE_END = {  # whatever an earlier check can tell of a row says more than its trace
    "accounts": (accounts.check_accounts, "accounts and roles"),
    "traces": (traces.check_traces, "what the application wrote"),
}
CHECKS = AT_THE_END | ONCE | DIGESTS | PER_BATCH | DERIVED | PER_MONTH | AT_LAST


def verify_payouts(
    *,
    month: dt.date | None = None,
    head: str = "",
    new_views: bool = False,
    by: User | None = None,
    at: dt.datetime | None = None,
    show_progress: Callable[[int, int, str], None] = lambda done, steps, what: None,
) -> Verification:
    """Verify a month, or all, up to the first difference, and return the Verification.

    `new_views` leaves out the views that an earlier run without a difference has proved, and most
    of the rows that have a trace.
    """
    run = start_verification(month=month, head=head, new_views=new_views, by=by, at=at)
    if can_work_side_by_side():
        _check_side_by_side(run, show_progress)
    while run.status == Status.RUNNING:
        show_progress(run.done, run.steps, describe_next(run))
        advance_verification(run, seconds=1)
    show_progress(run.done, run.steps, "")
    return run


def start_verification(
    *,
    month: dt.date | None = None,
    head: str = "",
    new_views: bool = False,
    by: User | None = None,
    at: dt.datetime | None = None,
) -> Verification:
    remaining = list(_plan(month))
    earlier = _find_last_proved() if new_views else None
    return Verification.objects.create(
        month=month,
        head=head.strip().lower(),
        views_after=earlier.views_until if earlier else 0,
        views_until=ViewSeal.objects.aggregate(last=Max("number", default=0))["last"],
        traces_after=earlier.traces_until if earlier else 0,
        traces_until=TraceSeal.objects.aggregate(last=Max("number", default=0))["last"],
        part=earlier.part % traces.NIGHTS + 1 if earlier and earlier.traces_until else 0,
        by=by,
        started_at=at or timezone.now(),
        remaining=remaining,
        steps=sum(portions for *_, portions in remaining),
    )


def _find_last_proved() -> Verification | None:
    """Return the last run over all months without a difference, if the application wrote it."""
    runs = Verification.objects.filter(status=Status.PASSED, month=None).order_by("-pk")
    return next((run for run in runs.iterator(1) if is_as_written(run)), None)


def _plan(month: dt.date | None) -> Iterator[tuple[str, str, str, int]]:
    """Yield each check's name, key, last position and number of remaining portions."""
    batches = PayoutBatch.objects.order_by("month", "attempt")
    months = sorted({*counts.list_counted_months(), *list_sealed_months()})
    if month:
        batches, months = batches.filter(month=month), [month]
    signed = list(batches.signed().values_list("pk", flat=True))
    yield from ((name, "", "", 1) for name in ONCE)
    for checks, keys in (
        (DIGESTS, signed),
        (PER_BATCH, list(batches.values_list("pk", flat=True))),
        (DERIVED, signed),
        (PER_MONTH, [month.isoformat() for month in months]),
    ):
        yield from (
            (name, str(key), "", _count_portions(name, key)) for name in checks for key in keys
        )
    if not month:
        yield from ((name, "", "", 1) for name in AT_LAST)
    yield from ((name, "", "", 1) for name in AT_THE_END)


def _count_portions(name: str, key: int | str) -> int:
    """Return the greatest number of a check's portions, for an honest progress bar."""
    if name == "views":
        return len(counts.split_by_day(str(key))) + 1
    if name == "digests":
        return Payment.objects.filter(batch=int(key)).count() // digests.PAYMENTS_AT_A_TIME + 1
    return 1


def _check_side_by_side(run: Verification, show_progress: Callable) -> None:
    """Run the remaining checks, and save the result unless a page continued the run meanwhile."""
    done, numbers, steps = run.done, Counter(run.numbers), list(run.remaining)
    with open_workers() as pool:
        checks = [[pool.submit(_check_whole, run, part) for part in _split(step)] for step in steps]
        for step, parts in zip(steps, checks, strict=True):
            try:
                for number, part in enumerate(parts):
                    show_progress(run.done + number, run.steps, _describe_step(step))
                    numbers.update(part.result())
            except Difference as difference:
                run.difference = str(difference)
                break
            run.remaining.remove(step)
            run.done = _count_done(run)
    _finish(run, numbers, done)


def _split(step: list) -> list[list]:
    """Return the parts of a check that need not wait for each other."""
    name, key, after, _ = step
    keys = counts.split_by_day(key) if name == "views" else [key]
    return [[name, part, after, 1] for part in keys]


def _check_whole(run: Verification, step: list) -> Counter:
    name, key, after, _ = step
    numbers: Counter[str] = Counter()
    while after := _check_portion(run, [name, key, after, 1], numbers):
        pass
    return numbers


def advance_verification(run: Verification, *, seconds: float) -> Verification:
    """Continue for about `seconds`, at least one portion. Other pages may do so meanwhile."""
    stop_at = time.monotonic() + seconds
    done, numbers = run.done, Counter(run.numbers)
    try:
        while run.remaining:
            _check_next(run, numbers)
            if time.monotonic() > stop_at:
                break
    except Difference as difference:
        run.difference = str(difference)
    return _finish(run, numbers, done)


def _check_next(run: Verification, numbers: Counter) -> None:
    name, key, _, portions = run.remaining[0]
    if after := _check_portion(run, run.remaining[0], numbers):
        run.remaining[0] = [name, key, after, max(portions - 1, 1)]
    else:
        del run.remaining[0]
    run.done = _count_done(run)


def _count_done(run: Verification) -> int:
    return run.steps - sum(portions for *_, portions in run.remaining)


def _check_portion(run: Verification, step: list, numbers: Counter) -> str | None:
    """Check a portion, add to `numbers`, and return the next position, or None at the end."""
    name, key, after, _ = step
    check, _ = CHECKS[name]
    try:
        with read_at_one_moment():
            return check(run, key, after, numbers)
    except OperationalError:
        raise
    except UNREADABLE as error:
        raise Difference(
            f"Something in {_describe_step(step)}",
            f"can't be read: {error}",
            "this application wrote it",
        ) from error


def _finish(run: Verification, numbers: Counter, done: int) -> Verification:
    run.numbers = dict(numbers)
    if run.difference or not run.remaining:
        run.status = Status.FAILED if run.difference or run.missing_guards else Status.PASSED
        run.finished_at = timezone.now()
    return _save(run, done)


def _save(run: Verification, done: int) -> Verification:
    names = (
        "status",
        "done",
        "remaining",
        "numbers",
        "missing_guards",
        "difference",
        "chain_head",
        "finished_at",
    )
    changes = {name: getattr(run, name) for name in names}
    unchanged = Verification.objects.filter(pk=run.pk, status=Status.RUNNING, done=done)
    with transaction.atomic():
        if not unchanged.update(**changes):
            run.refresh_from_db()
        elif run.status != Status.RUNNING:
            trace_rows([run])
    return run


def describe_next(run: Verification) -> str:
    return _describe_step(run.remaining[0]) if run.remaining else ""


def _describe_step(step: list) -> str:
    name, key, *_ = step
    if not key:
        return CHECKS[name][1]
    if name in PER_MONTH:
        return f"{CHECKS[name][1]}, {dt.date.fromisoformat(key[:10]):%B %Y}"
    return f"{CHECKS[name][1]}, {PayoutBatch.objects.get(pk=key)}"
