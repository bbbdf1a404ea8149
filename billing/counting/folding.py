"""From a reader's click to a counted view, by the COUNTER Code of Practice 5.1.

A click is one appended row. Whether it counts is a function of all clicks alone, not of the order
in which they arrive or are folded: what is no double click is counted. A click that arrives late
can so turn one that was counted into a double click, and the counts follow.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, When
from django.utils import timezone

from billing.counting.counts import COUNT_KEY, add_to_counts
from billing.counting.double_clicks import (
    DOUBLE_CLICK_WINDOW,
    find_replaced,
    is_double_click,
    next_click_at,
    previous_click,
)
from billing.counting.robots import describe_lists
from billing.counting.spool_intake import Intake, take_in_spool
from billing.locks import Lock, hold_lock
from billing.models import BlogView, ViewSeal
from billing.proof.view_seals import append_view_seal, seal_views, write_view_facts
from billing.querysets import BlogViewQuerySet

Outcome = BlogView.Outcome

RULES = "COUNTER 5.1"
FOLD_SIZE = 20_000
FOLDED = ("viewed_at", "outcome", "seal_id", "facts", "next_at", "previous")
SETTLED = {Outcome.PENDING: Outcome.COUNTED}  # what is no double click; the others stay


@dataclass
class FoldResult:
    """The views that fold_views settled, by outcome. `replaced` views were counted before."""

    counted: int = 0
    double_clicks: int = 0
    replaced: int = 0
    intake: Intake = field(default_factory=Intake)

    def __str__(self):
        line = (
            f"{self.counted} counted, {self.double_clicks} double clicks, "
            f"{self.replaced} replaced by a later click"
        )
        return f"{line}; {spool}" if (spool := str(self.intake)) else line


def fold_views(*, at: dt.datetime | None = None) -> FoldResult:
    """Settle and seal the views older than the double-click window at `at`, and add up the counts.

    It first takes in the views that this machine's spool kept while the database was away. A fold
    may be repeated, started twice or killed: each portion is one transaction, a lock lets one fold
    run at a time, and views that are not committed yet stay pending for the next run.
    """
    at = at or timezone.now()
    result = FoldResult(intake=take_in_spool())
    for views in (BlogView.objects.unsealed(), BlogView.objects.reopened()):
        while _fold_portion(views, at, result):
            pass
    return result


@transaction.atomic
def _fold_portion(views: BlogViewQuerySet, at: dt.datetime, result: FoldResult) -> bool:
    """Settle, seal and count a portion of the views. Return whether there were any."""
    hold_lock(Lock.FOLD)
    views = views.filter(viewed_at__lt=at - DOUBLE_CLICK_WINDOW)
    if not views.exists():  # to see that takes a tenth of the time of a portion without rows
        return False
    portion = _read_portion(views)
    pending = [row for row in portion if row.outcome == Outcome.PENDING]
    double_clicks = {row.pk for row in pending if is_double_click(row)}
    counted = [row for row in pending if row.pk not in double_clicks]
    replaced = find_replaced(pending, fields=COUNT_KEY)
    changes: Counter = Counter()
    changes.update(row[1:5] for row in counted)
    changes.subtract(row[1:5] for row in replaced)

    keys = defaultdict(list)
    for row in portion:
        is_double = row.pk in double_clicks
        became = Outcome.DOUBLE_CLICK if is_double else SETTLED.get(row.outcome, row.outcome)
        keys[became, row.day].append(row.pk)
    seals = {day: _seal(day, rows, at=at) for day, rows in _by_day(portion).items()}
    for (outcome, day), pks in keys.items():
        _settle(pks, outcome, seal=seals[day])
    _settle([row.pk for row in replaced], Outcome.DOUBLE_CLICK)
    add_to_counts(changes, seal=max(seals.values(), key=attrgetter("number")))

    result.counted += len(counted)
    result.double_clicks += len(double_clicks)
    result.replaced += len(replaced)
    return True


def _read_portion(views: BlogViewQuerySet) -> list[Any]:
    """Return the first of the views, each with its facts and, of people, the clicks beside it."""
    of_people = {"outcome": Outcome.PENDING}
    return list(
        views.annotate(
            next_at=Case(When(**of_people, then=next_click_at())),
            previous=Case(When(**of_people, then=previous_click())),
            facts=write_view_facts(),
        )
        .order_by("viewed_at", "pk")
        .values_list("pk", *COUNT_KEY, *FOLDED, named=True)[:FOLD_SIZE]
    )


def _by_day(portion: list[Any]) -> dict[dt.date, list[Any]]:
    days = defaultdict(list)
    for row in portion:
        days[row.day].append(row)
    return days


def _seal(day: dt.date, rows: list[Any], *, at: dt.datetime) -> ViewSeal:
    """Add the seal of views of a day, or of their recount if they are under seal already."""
    if rows[0].seal_id is None:
        return seal_views(day=day, facts=[row.facts for row in rows], at=at)
    return append_view_seal(kind=ViewSeal.Kind.RECOUNT, day=day, at=at, views=len(rows))


def _settle(keys: list[uuid.UUID], outcome: Outcome, *, seal: ViewSeal | None = None) -> None:
    """Write the outcome of many views, and the seal of those that have none.

    PostgreSQL gets one array, SQLite one statement for each key. A list of keys would be a new
    statement for each length of portion, and the driver of SQLite keeps 128 statements.
    """
    if not keys:
        return
    changes = "outcome = %s"
    values: list[str | int] = [outcome]
    if seal and seal.kind == ViewSeal.Kind.VIEWS:
        changes, values = "outcome = %s, seal_id = %s", [outcome, seal.number]
    statement = f"UPDATE billing_blogview SET {changes} WHERE id ="  # noqa: S608
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            array = "{" + ",".join(key.hex for key in keys) + "}"
            cursor.execute(f"{statement} ANY(%s::uuid[])", [*values, array])
        else:
            cursor.executemany(f"{statement} %s", [(*values, key.hex) for key in keys])


def describe_rules() -> str:
    """Return the counting rules and robot lists as the text that batches store."""
    return f"{RULES}; {describe_lists()}"
