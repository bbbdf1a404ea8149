"""Acts at the same moment, in real transactions on the database of the run."""

import datetime as dt
from collections import Counter
from threading import Event

import pytest
from django.db import connection, transaction

from billing.counting import folding, readers
from billing.counting.folding import fold_views
from billing.counting.recording import record_view
from billing.locks import Lock, hold_lock
from billing.models import (
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    PaymentLine,
    PayoutBatch,
    ReaderSalt,
    Seal,
)
from tests.billing.at_once import at_once
from tests.billing.batches import AT
from tests.billing.killed_payouts import act_at_once, approve_october, build, submit
from tests.factories import make_blog, make_click, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def click(blog, viewed_at, ip_address="192.0.2.1"):
    record_view(blog=blog, viewed_at=viewed_at, ip_address=ip_address, user_agent=FIREFOX)


REFUSALS = {
    build: None,
    submit: "This batch is submitted by now; only a batch that is draft can be submitted.",
    approve_october: "This batch is approved by now; only a batch that is submitted can be "
    "approved.",
}


@pytest.mark.thorough
@pytest.mark.parametrize("act", REFUSALS)
def test_of_32_processes_at_once_one_wins_and_31_are_told_so(act):
    for _ in range(3):
        blog = make_blog()
        make_price(blog.category, "10")
        make_count(blog, 1000)
    for earlier in {build: [], submit: [build], approve_october: [build, submit]}[act]:
        earlier(make_user())
    told = act_at_once(act, [make_user() for _ in range(32)])
    batch = PayoutBatch.objects.get()
    assert batch.payments.count() == PaymentLine.objects.count() == 3
    assert batch.history.filter(status=batch.status).count() == 1
    assert Seal.objects.count() == (act is approve_october)
    refusal = REFUSALS[act]  # none for a build, which returns the batch that stands
    assert Counter(told) == Counter({None: 1}) + Counter({refusal: 31})


def test_32_simultaneous_clicks_of_one_reader_count_once_and_folds_do_not_double(monkeypatch):
    monkeypatch.setattr(readers, "_salts", {})  # so that all 32 want to make the salt of the day
    blog = make_blog()
    clicked_at = AT - dt.timedelta(hours=1)
    at_once(lambda n: click(blog, clicked_at), number=32)
    at_once(lambda n: fold_views(at=AT))
    assert BlogView.objects.count() == 32
    assert DailyViewCount.objects.get().views == 1


@pytest.mark.thorough
def test_16_folds_at_once_beside_writers_count_every_view_once(monkeypatch):
    monkeypatch.setattr(folding, "FOLD_SIZE", 5)
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
        hold_lock(Lock.PAYOUTS)
    with transaction.atomic():
        hold_lock(Lock.PAYOUTS)


def test_view_is_recorded_although_the_database_dropped_the_connection():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is in the same process: no connection is lost.")
    blog = make_blog()
    make_click(blog)
    connection.connection.close()  # the driver's own: Django does not know
    make_click(blog, 60)
    assert BlogView.objects.count() == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite parses in the same process.")
@pytest.mark.parametrize(("is_pooled", "statements"), [(False, 1), (True, 0)])
def test_statement_of_a_view_is_prepared_unless_a_pooler_changes_connections(
    monkeypatch, is_pooled, statements
):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", is_pooled)
    blog = make_blog()
    connection.close()  # for one that has prepared nothing yet
    for minute in range(2):
        click(blog, AT - dt.timedelta(minutes=minute))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (statements,)
    assert BlogView.objects.count() == 2
