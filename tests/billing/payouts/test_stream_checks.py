"""What a month's batch says of views that went through a broker."""

import datetime as dt

import pytest
from django.utils import timezone

from billing.models import StreamPosition, WriterDay
from billing.payouts.batch_checks import find_blockers, find_flags
from billing.periods import start_of
from tests.billing.payouts.bare_batches import OCTOBER, make_batch

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CODES = {
    "streamed_views",
    "missing_views",
    "surplus_views",
    "broker_not_empty",
    "silent_processes",
}
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
SEPTEMBER = dt.date(2026, 9, 1)


def make_writer(**values):
    facts = {"writer": "web-1", "day": OCTOBER.replace(day=3), "sent": 5, "ended": True}
    facts |= {"told_at": timezone.now(), "received": [[1, 2], [4, 5]], "received_views": 4}
    WriterDay.objects.create(**facts | values)


def codes_of(found):
    return {each.code for each in found} & CODES


def test_nothing_is_said_where_no_broker_is():
    assert codes_of(find_blockers(make_batch())) == set()
    assert codes_of(find_flags(make_batch(SEPTEMBER))) == set()


@pytest.mark.thorough
def test_views_under_way_block_the_batch_of_their_month_and_later_ones():
    make_writer()
    StreamPosition.objects.create(stream="VIEWS", drained_at=timezone.now() - MINUTE)
    batch = make_batch()
    [blocker] = [each for each in find_blockers(batch) if each.code == "streamed_views"]
    assert blocker.message.startswith(
        "1 view is still under way through the broker, up to the end of October 2026: try again"
    )
    assert codes_of(find_flags(batch)) == set()
    assert codes_of(find_blockers(make_batch(SEPTEMBER))) == set()


def test_missing_views_are_flagged_with_their_numbers():
    make_writer()
    StreamPosition.objects.create(stream="VIEWS", drained_at=timezone.now() + 2 * MINUTE)
    batch = make_batch()
    [flag] = [each for each in find_flags(batch) if each.code == "missing_views"]
    assert flag.count == 1
    assert flag.message.startswith("1 view is missing in October 2026: the broker took")
    assert "Numbers 3 of web-1 on 3 Oct 2026." in flag.message
    assert codes_of(find_blockers(batch)) == set()
    assert codes_of(find_flags(make_batch(SEPTEMBER))) == set()


def test_machine_that_says_nothing_for_three_days_misses_what_it_left_open():
    make_writer(ended=False, told_at=None, sent=0)
    StreamPosition.objects.create(stream="VIEWS", drained_at=timezone.now())
    [flag] = [each for each in find_flags(make_batch()) if each.code == "missing_views"]
    assert flag.count == 1


def test_views_that_no_process_sent_are_flagged():
    make_writer(received=[[1, 6]], received_views=6)
    [flag] = [each for each in find_flags(make_batch()) if each.code == "surplus_views"]
    assert flag.count == 1
    assert flag.message.startswith("1 view is counted in October 2026 whose web process")
    assert "Numbers 6 of web-1 on 3 Oct 2026." in flag.message


def test_views_in_order_are_not_mentioned():
    make_writer(received=[[1, 5]], received_views=5)
    batch = make_batch()
    assert codes_of(find_blockers(batch)) == codes_of(find_flags(batch)) == set()


@pytest.fixture
def broker(settings):
    settings.VIEWS_BROKER = ["nats://localhost"]
    return StreamPosition.objects.create(stream="VIEWS")


def drain(position, at):
    StreamPosition.objects.filter(pk=position.pk).update(drained_at=at)


NOVEMBER = start_of(dt.date(2026, 11, 1))
LAST_DAY = dt.date(2026, 10, 31)


def test_broker_that_was_not_empty_since_the_end_of_the_month_blocks_its_batch(broker):
    """A view that only the stream holds is in no row."""
    batch = make_batch()
    for drained_at in (None, NOVEMBER - MINUTE, NOVEMBER + MINUTE):
        drain(broker, drained_at)
        assert codes_of(find_blockers(batch)) == {"broker_not_empty"}
    [blocker] = [each for each in find_blockers(batch) if each.code == "broker_not_empty"]
    assert blocker.message.endswith("ask the administrators whether imprint-views@ runs.")
    drain(broker, NOVEMBER + 2 * MINUTE)
    assert codes_of(find_blockers(batch)) == set()


def test_process_that_said_nothing_since_the_end_of_the_month_blocks_its_batch(broker):
    drain(broker, NOVEMBER + 2 * MINUTE)
    batch = make_batch()
    facts = {"day": LAST_DAY, "received": [[1, 5]], "received_views": 5}
    make_writer(told_at=NOVEMBER - MINUTE, ended=False, **facts)
    make_writer(writer="web-2", told_at=NOVEMBER + 2 * MINUTE, ended=False, **facts)
    make_writer(writer="web-3", told_at=NOVEMBER - MINUTE, **facts)
    [blocker] = [each for each in find_blockers(batch) if each.code == "silent_processes"]
    assert blocker.message.startswith("1 web process has not said since the end of October 2026")
    assert "silent_processes" not in codes_of(find_blockers(make_batch(SEPTEMBER)))
    drain(broker, NOVEMBER + 4 * DAY)  # three days silent: nothing more comes of it
    assert codes_of(find_blockers(batch)) == set()
