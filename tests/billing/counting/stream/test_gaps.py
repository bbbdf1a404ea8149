"""When a number that did not come is under way, and when it is missing."""

import datetime as dt

import pytest
from django.utils import timezone

from billing.counting.stream.gaps import SILENT_FOR, account_of, list_gaps, list_surplus
from billing.counting.stream.marks import DayMark, Marks
from billing.counting.stream.receipts import store_marks
from billing.models import StreamPosition, WriterDay
from billing.periods import day_of, start_of

AT = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 10)
MINUTE = dt.timedelta(minutes=1)
LONG_AGO = AT - dt.timedelta(days=5)


def find_missing(*, drained_at, **values):
    facts = {"writer": "web-1", "day": DAY, "sent": 5, "received": [[1, 2], [4, 4]]}
    row = WriterDay(**facts | values)
    account = account_of(row, drained_at=drained_at, at=AT)
    assert account.missing_views + account.under_way + account.unacknowledged == 2
    return account.missing


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("told_at", "drained_at", "missing"),
    [
        (AT - MINUTE, LONG_AGO, []),  # the writer lives, and the stream may hold them
        (AT - MINUTE, None, []),
        (AT - 3 * MINUTE, AT, [[3, 3], [5, 5]]),
        (LONG_AGO, LONG_AGO - MINUTE, []),  # silent, and the stream may hold them
        (LONG_AGO, AT - MINUTE, [[3, 3], [5, 5]]),
        (None, None, []),
        (None, LONG_AGO, [[3, 3], [5, 5]]),  # nobody ever told, and its day is long over
        (None, dt.datetime(2026, 11, 12, tzinfo=dt.UTC), []),
    ],
)
def test_number_is_missing_once_the_stream_was_empty_after_its_writers_last_word(
    told_at, drained_at, missing
):
    sent = 5 if told_at else 0
    received = [[1, 2], [4, 4]] if told_at else [[1, 2], [4, 4], [6, 6]]
    assert find_missing(told_at=told_at, drained_at=drained_at, sent=sent, received=received) == (
        missing
    )


@pytest.mark.any_database
def test_what_a_silent_writer_had_in_hand_is_missing_only_once_the_stream_was_empty():
    told_at = AT - SILENT_FOR - MINUTE
    facts = {"told_at": told_at, "unsettled": [[5, 5]], "day": day_of(told_at)}
    assert find_missing(drained_at=told_at - MINUTE, **facts) == []
    assert find_missing(drained_at=told_at + 2 * MINUTE, **facts) == [[3, 3]]
    assert find_missing(drained_at=AT, **facts) == [[3, 3], [5, 5]]


@pytest.mark.any_database
def test_what_a_living_writer_has_in_hand_an_hour_after_its_day_is_not_under_way():
    """Its reader has no page, and the process may live for weeks."""
    row = WriterDay(day=DAY, sent=2, received=[[1, 1]], unsettled=[[2, 2]])
    day_over_at = start_of(DAY + dt.timedelta(days=1))
    for hours, under_way in [(0.5, 1), (1.5, 0)]:
        row.told_at = day_over_at + dt.timedelta(hours=hours)
        account = account_of(row, drained_at=None, at=row.told_at)
        assert (account.under_way, account.unacknowledged) == (under_way, 1 - under_way)
        assert account.missing == []


@pytest.mark.django_db
def test_number_that_no_writer_gave_is_surplus_and_holes_before_it_are_missing():
    facts = {"day": DAY, "told_at": AT, "ended": True, "sent": 3}
    WriterDay.objects.create(writer="a", received=[[1, 2], [5, 5]], received_views=3, **facts)
    WriterDay.objects.create(writer="b", received=[[1, 3]], received_views=3, **facts)
    StreamPosition.objects.create(stream="VIEWS", drained_at=AT + 2 * MINUTE)
    [account] = list_surplus(DAY.replace(day=1))
    assert (account.writer, account.surplus_numbers, account.surplus_views) == ("a", "5", 1)
    assert (account.missing, account.under_way) == ([[3, 4]], 0)
    assert [gap.writer for gap in list_gaps()] == ["a"]


@pytest.fixture
def words(spool_dir):
    spool_dir.mkdir(parents=True, exist_ok=True)
    path = spool_dir / "web-1.sent"

    def make(last, in_hand, at, *, ended=False):
        path.touch()
        return [Marks("web-1", {DAY: DayMark(last, set(in_hand))}, ended, path)], at

    return make


@pytest.mark.django_db
@pytest.mark.parametrize("is_late", [False, True])
def test_fold_that_comes_late_takes_back_no_newer_word(words, is_late):
    """At the earlier time number 2 was in hand; later it was settled, so its loss is one."""
    both = [words(2, {2}, AT), words(3, {3}, AT + MINUTE)]
    for word, at in reversed(both) if is_late else both:
        store_marks(word, at=at)
    row = WriterDay.objects.get()
    assert (row.sent, row.unsettled, row.told_at) == (3, [[3, 3]], AT + MINUTE)


@pytest.mark.django_db
@pytest.mark.parametrize("ended_at", [AT, AT + MINUTE])
@pytest.mark.parametrize("is_late", [False, True])
def test_last_word_of_a_writer_stands(words, is_late, ended_at):
    """It was read under the lock that a living writer holds, whenever its fold began."""
    other = AT if ended_at != AT else AT + MINUTE
    both = [words(2, {2}, other), words(3, set(), ended_at, ended=True)]
    for word, at in reversed(both) if is_late else both:
        store_marks(word, at=at)
    row = WriterDay.objects.get()
    assert (row.sent, row.unsettled, row.ended) == (3, [], True)
    assert row.told_at >= ended_at


@pytest.mark.django_db
def test_writer_whose_word_is_told_again_is_told_of_now(words):
    for at in (timezone.now() - MINUTE, now := timezone.now()):
        word, _ = words(2, set(), at)
        store_marks(word, at=at)
    assert WriterDay.objects.get().told_at == now
