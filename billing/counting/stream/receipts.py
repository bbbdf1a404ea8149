"""Which numbers came in, written with their views; and what the writers said that they gave."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from billing.counting.stream.marks import Marks
from billing.counting.stream.numbers import Numbered, add_numbers, count
from billing.models import WriterDay


def note_received(numbers: Iterable[tuple[dt.date, Numbered | None]]) -> None:
    """Note the numbers of views, in the transaction that stores them.

    Four queries, for any number of views. All lock the rows in one order.
    """
    days: dict[tuple[str, dt.date], list[int]] = defaultdict(list)
    for day, numbered in numbers:
        if numbered:
            days[numbered.writer, day].append(numbered.number)
    rows = _lock_rows(days)
    for row in rows:
        row.received = add_numbers(row.received, days[row.writer, row.day])
        row.received_views = count(row.received)
    WriterDay.objects.bulk_update(rows, ["received", "received_views"])


@transaction.atomic
def store_marks(marks: list[Marks], *, at: dt.datetime) -> None:
    """Store what the writers of this machine have said, and remove the files of those that ended.

    `at` is when they were read; the spool was taken in since.
    """
    said = {(mark.writer, day): (mark, days) for mark in marks for day, days in mark.days.items()}
    rows = _lock_rows(said)
    for row in rows:
        mark, days = said[row.writer, row.day]
        row.sent = max(row.sent, days.last)
        if _is_news(row, mark, at):
            row.unsettled = add_numbers(days.given_up, days.in_hand)
            row.told_at, row.ended = max(row.told_at or at, at), mark.ended
    WriterDay.objects.bulk_update(rows, ["sent", "unsettled", "told_at", "ended"])
    ended = [mark.path for mark in marks if mark.ended]
    transaction.on_commit(lambda: _remove(ended))


def _is_news(row: WriterDay, mark: Marks, at: dt.datetime) -> bool:
    """Return whether the writer has not said something newer, which a faster fold stored."""
    if row.ended:
        return False
    return mark.ended or not row.told_at or row.told_at < at


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _lock_rows(keys: Iterable[tuple[str, dt.date]]) -> list[WriterDay]:
    """Return the rows of the writers' days, made where they are missing, and locked."""
    wanted = set(keys)
    if not wanted:
        return []
    WriterDay.objects.bulk_create(
        [WriterDay(writer=writer, day=day) for writer, day in sorted(wanted)],
        ignore_conflicts=True,
    )
    rows = (
        WriterDay.objects.select_for_update()
        .order_by("day", "writer")
        .filter(
            Q(writer__in={writer for writer, _ in wanted}) & Q(day__in={day for _, day in wanted})
        )
    )
    return [row for row in rows if (row.writer, row.day) in wanted]
