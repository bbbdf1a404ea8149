"""What happens at the same moment. Real transactions, on the database that the run uses."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import OperationalError, connection, transaction

from billing import counting, payouts, readers
from billing.counting import fold_views, record_view
from billing.errors import BillingError, WrongStatus
from billing.locks import hold_lock
from billing.models import (
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    Payment,
    PayoutBatch,
    ReaderSalt,
)
from tests.billing.test_payouts import AT, OCTOBER, make_batch
from tests.factories import make_blog, make_click, make_count, make_price, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def at_once(act, number=8):
    """Run `act(n)` in that many threads that start together; return results and errors."""
    barrier = Barrier(number)

    def run(n):
        try:
            barrier.wait()
            return act(n)
        except BillingError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def click(blog, viewed_at, ip_address="192.0.2.1"):
    record_view(blog=blog, viewed_at=viewed_at, ip_address=ip_address, user_agent=FIREFOX)


def test_eight_builds_at_once_leave_one_batch():
    for _ in range(3):
        blog = make_blog()
        make_price(blog.category, "10")
        make_count(blog, 1000)
    results = at_once(lambda n: payouts.build_batch(month=OCTOBER, at=AT))
    assert sorted(is_new for _, is_new in results) == [False] * 7 + [True]
    assert PayoutBatch.objects.count() == 1
    assert Payment.objects.count() == 3


def test_of_eight_approvals_at_once_one_wins_and_seven_are_told():
    batch = make_batch(PayoutBatch.Status.SUBMITTED)
    approvers = [make_user() for _ in range(8)]
    results = at_once(lambda n: payouts.approve_batch(batch=batch, by=approvers[n]))
    refused = [result for result in results if isinstance(result, WrongStatus)]
    assert len(refused) == 7
    assert "is approved by now" in str(refused[0])
    assert batch.history.filter(status="approved").count() == 1


def test_32_simultaneous_clicks_of_one_reader_count_once_and_folds_do_not_double(monkeypatch):
    monkeypatch.setattr(readers, "_salts", {})  # so that all 32 want to make the salt of the day
    blog = make_blog()
    clicked_at = AT - dt.timedelta(hours=1)
    at_once(lambda n: click(blog, clicked_at), number=32)
    at_once(lambda n: fold_views(at=AT))
    assert BlogView.objects.count() == 32
    assert DailyViewCount.objects.get().views == 1


def test_16_folds_at_once_beside_writers_count_every_view_once(monkeypatch):
    monkeypatch.setattr(counting, "FOLD_SIZE", 5)
    blog = make_blog()

    def write_or_fold(n):
        if n >= 16:
            for minute in range(10):
                click(blog, AT - dt.timedelta(minutes=minute + 1), ip_address=f"192.0.2.{n}")
        fold_views(at=AT)

    at_once(write_or_fold, number=20)
    fold_views(at=AT)
    assert BlogView.objects.filter(outcome="counted").count() == 40
    assert DailyViewCount.objects.get().views == 40
    assert MonthlyViewCount.objects.get().views == 40


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer: the fold waits for its commit."
)
def test_view_committed_after_a_fold_passed_it_is_counted_by_the_next():
    blog = make_blog()
    ReaderSalt.objects.create(day=AT.date(), salt=bytes(32))  # nobody waits for who makes it
    written, folded = Event(), Event()

    def write_slowly_or_fold(n):
        if n == 0:
            with transaction.atomic():
                click(blog, AT - dt.timedelta(hours=2))  # of the smaller id, and earlier
                written.set()
                assert folded.wait(20)
            return
        assert written.wait(20)
        click(blog, AT - dt.timedelta(hours=1))
        fold_views(at=AT)
        folded.set()

    at_once(write_slowly_or_fold, number=2)
    assert DailyViewCount.objects.get().views == 1
    fold_views(at=AT)
    assert DailyViewCount.objects.get().views == 2
    assert not BlogView.objects.pending().exists()


def test_lock_needs_a_transaction():
    with pytest.raises(RuntimeError, match="needs a transaction"):
        hold_lock("payouts")
    with transaction.atomic():
        hold_lock("payouts")


def test_view_is_recorded_although_the_database_dropped_the_connection(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is in the same process: no connection is lost.")
    monkeypatch.setattr(counting, "RETRY_AFTER", (0,))
    blog = make_blog()
    make_click(blog)
    connection.connection.close()  # the driver's own: Django does not know
    make_click(blog, 60)
    assert BlogView.objects.count() == 2


def test_database_that_stays_away_is_an_error_in_the_end(monkeypatch):
    monkeypatch.setattr(counting, "RETRY_AFTER", (0, 0))
    blog, tries = make_blog(), []
    make_click(blog)

    def fail(view):
        tries.append(view.pk)
        raise OperationalError("gone")

    monkeypatch.setattr(counting, "_append", fail)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(OperationalError):
        make_click(blog, 60)
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_error_on_a_sound_connection_is_not_tried_again(monkeypatch):
    blog, tries = make_blog(), []

    def fail(view):
        tries.append(view)
        raise OperationalError("locked")

    monkeypatch.setattr(counting, "_append", fail)
    with pytest.raises(OperationalError):
        make_click(blog)
    assert len(tries) == 1
