"""Which numbers of the writers are missing.

Sent = received + not acknowledged + under way + missing. A number is missing once its writer has
said that it gave it, and the stream was found empty after that. Of a writer that says nothing any
more, what it left open is missing once the stream was found empty three days after its last word.
Until then it is under way. A number in hand when its process died was acknowledged to nobody: its
reader never had the page.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import BigIntegerField, F, Max, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from billing.counting.stream.numbers import Ranges, count, cut, describe, find_holes, last_of, merge
from billing.models import StreamPosition, WriterDay
from billing.periods import next_month, start_of

SILENT_FOR = dt.timedelta(days=3)  # since its last word, or its day began: nothing more comes
LONGEST_IN_HAND = dt.timedelta(hours=1)  # after its day: the reader has no page by then
MARGIN = dt.timedelta(minutes=1)  # by which clocks of two machines may differ


@dataclass(frozen=True)
class WriterRow:
    """The account of a writer's day, in views."""

    writer: str
    day: dt.date
    sent: int
    received: int
    unacknowledged: int
    missing: Ranges
    under_way: int
    surplus: Ranges  # received, though the writer gave no such number until its end

    @property
    def missing_views(self) -> int:
        return count(self.missing)

    @property
    def missing_numbers(self) -> str:
        return describe(self.missing)

    @property
    def surplus_views(self) -> int:
        return count(self.surplus)

    @property
    def surplus_numbers(self) -> str:
        return describe(self.surplus)


@dataclass
class DayRow:
    """The account of all writers of a day."""

    day: dt.date
    writers: int = 0
    sent: int = 0
    received: int = 0
    unacknowledged: int = 0
    missing: int = 0
    under_way: int = 0

    def add(self, row: WriterRow) -> None:
        self.writers += 1
        self.sent += row.sent
        self.received += row.received
        self.unacknowledged += row.unacknowledged
        self.missing += row.missing_views
        self.under_way += row.under_way


def account_of(row: WriterDay, *, drained_at: dt.datetime | None, at: dt.datetime) -> WriterRow:
    sent = max(row.sent, last_of(row.received))
    holes = find_holes(row.received, until=sent)
    heard = merge([*row.received, *row.unsettled])
    unheard = find_holes(heard, until=sent)
    told: Ranges = []
    if _is_given_up(row, drained_at, at):
        told = unheard if _is_settled(row) else holes
    elif row.told_at and drained_at and row.told_at + MARGIN < drained_at:
        told = unheard if row.ended else find_holes(heard, until=row.sent)
    missing = count(told)
    unacknowledged = count(holes) - count(unheard) if _is_settled(row) else 0
    return WriterRow(
        writer=row.writer,
        day=row.day,
        sent=sent,
        received=row.received_views,
        unacknowledged=unacknowledged,
        missing=told,
        under_way=count(holes) - unacknowledged - missing,
        surplus=cut(row.received, after=row.sent) if row.ended else [],
    )


def _is_settled(row: WriterDay) -> bool:
    """Return whether what was in hand at the last word has been given up: a page takes no hour."""
    day_over_at = start_of(row.day + dt.timedelta(days=1)) + LONGEST_IN_HAND
    return row.ended or bool(row.told_at and row.told_at > day_over_at)


def _is_given_up(row: WriterDay, drained_at: dt.datetime | None, at: dt.datetime) -> bool:
    """Return whether nothing more can come of the day: neither a word nor a view."""
    if row.ended or not drained_at:
        return False
    return (row.told_at or start_of(row.day)) + SILENT_FOR < min(drained_at, at)


def list_days(month: dt.date) -> tuple[list[DayRow], list[WriterRow]]:
    """Return the days of the month, and their writers that miss views or have too many."""
    days: dict[dt.date, DayRow] = {}
    gaps = []
    for account in _account(_of_month(month)):
        days.setdefault(account.day, DayRow(account.day)).add(account)
        if account.missing or account.surplus:
            gaps.append(account)
    return list(days.values()), gaps


def count_open(*, until: dt.date) -> int:
    """Return how many views are under way, of all days before `until`. Two queries."""
    return sum(account.under_way for account in _account(find_unequal(until=until)))


def was_drained_after(month: dt.date) -> bool:
    """Return whether the stream was found empty after the month's end. One query."""
    drained_at = _find_drained_at()
    return drained_at is not None and drained_at > _end_of(month)


def count_silent_writers(month: dt.date) -> int:
    """Return how many writers of the month's last day have not told what they sent of it.

    The day's last views may be among what they said nothing of. Two queries.
    """
    drained_at, at = _find_drained_at(), timezone.now()
    untold = Q(told_at__isnull=True) | Q(told_at__lte=_end_of(month))
    last_day = next_month(month) - dt.timedelta(days=1)
    rows = WriterDay.objects.filter(untold, day=last_day, ended=False)
    return sum(not _is_given_up(row, drained_at, at) for row in rows.iterator())


def _end_of(month: dt.date) -> dt.datetime:
    return start_of(next_month(month)) + MARGIN


def _find_drained_at() -> dt.datetime | None:
    return StreamPosition.objects.aggregate(at=Max("drained_at"))["at"]


def list_gaps(month: dt.date | None = None) -> list[WriterRow]:
    """Return the writers that miss views, of a month or of all time. Two queries."""
    until = next_month(month) if month else None
    return [row for row in _account(find_unequal(since=month, until=until)) if row.missing]


def list_surplus(month: dt.date) -> list[WriterRow]:
    """Return the writers of which more came than they gave, of a month. Two queries."""
    rows = find_unequal(since=month, until=next_month(month))
    return [row for row in _account(rows) if row.surplus]


def find_unequal(
    *, since: dt.date | None = None, until: dt.date | None = None
) -> QuerySet[WriterDay]:
    """Return the rows that are not plainly in order: of an ended writer, from 1 to its last.

    Of the days from `since` to before `until`. Without a broker there are none.
    """
    bounds = {"day__gte": since, "day__lt": until}
    rows = WriterDay.objects.filter(**{name: day for name, day in bounds.items() if day})
    last_of_first = KeyTextTransform("1", KeyTextTransform("0", "received"))
    return rows.alias(unbroken=Cast(last_of_first, BigIntegerField())).exclude(
        Q(received_views=F("sent"), unbroken=F("sent"), ended=True) & Q(told_at__isnull=False)
    )


def _of_month(month: dt.date) -> QuerySet[WriterDay]:
    return WriterDay.objects.filter(day__gte=month, day__lt=next_month(month))


def _account(rows: QuerySet[WriterDay]) -> list[WriterRow]:
    drained_at = _find_drained_at()
    ordered = rows.order_by("day", "writer")
    at = timezone.now()
    return [account_of(row, drained_at=drained_at, at=at) for row in ordered.iterator()]
