import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.locks import Lock, hold_lock
from billing.payouts import steps
from billing.payouts.price_withdrawal import withdraw_price
from tests.factories import make_blog, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)


def test_locks_are_taken_in_their_order_however_they_are_named(lock_order):
    with transaction.atomic():
        hold_lock(Lock.FINDINGS, Lock.TRACES, Lock.INTAKE, Lock.PAYOUTS, Lock.FOLD)
    assert list(lock_order.held.values()) == [list(Lock)]


def test_order_is_watched_over_all_of_a_transaction(lock_order):
    with transaction.atomic():
        hold_lock(Lock.PAYOUTS)
        with transaction.atomic():
            hold_lock(Lock.FOLD)
        hold_lock(Lock.PAYOUTS, Lock.FOLD)
    with transaction.atomic():
        hold_lock(Lock.FOLD)
    assert lock_order.wrong == ["FOLD after PAYOUTS"]
    lock_order.wrong.clear()


def test_database_knows_each_lock_by_a_key_that_stays():
    """Two releases that run side by side for a moment must mean the same lock."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer.")
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        hold_lock(*Lock)
    keys = [
        query["sql"].partition("(")[2].rstrip(")") for query in queries if "lock" in query["sql"]
    ]
    assert keys == ["771033859", "1847484046", "4115562638", "3558032257", "3136161696"]


def test_price_is_withdrawn_with_all_locks_that_rebuilding_its_drafts_takes(lock_order):
    blog = make_blog()
    make_price(blog.category, "10")
    later = make_price(blog.category, "20", dt.date(2026, 10, 15))
    make_count(blog, 1000, dt.date(2026, 10, 15))
    steps.build_batch(month=OCTOBER, at=AT)
    withdraw_price(price=later, by=make_user(), reason="A slip", at=AT)
    assert [lock for lock in Lock if lock != Lock.TRACES] in lock_order.held.values()
