import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from backoffice.health.metrics import write_metrics
from backoffice.health.registry import Result, run_checks
from billing.counting.losses import Reason, note_loss
from billing.counting.spool import keep_view
from billing.health import check_stream
from billing.models import BlogView, Payment, StreamPosition
from billing.payouts import steps
from tests.billing.counting.spooled import make_view
from tests.billing.tampering import change
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_count,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


def read_metrics():
    lines = write_metrics().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


@pytest.mark.parametrize(("minutes", "is_ok"), [(0, True), (29, True), (31, False)])
def test_views_that_nobody_counts_are_not_ready(minutes, is_ok):
    assert run_checks()["fold"].numbers == {"oldest_pending_view_seconds": 0}
    make_click(make_blog(), start=NOON - dt.timedelta(minutes=minutes))
    result = run_checks()["fold"]
    assert result.ok is is_ok
    assert result.numbers == {"oldest_pending_view_seconds": minutes * 60}


def keep_views(*numbers, at):
    for number in numbers:
        keep_view(make_view(number, viewed_at=at), salt="abcd1234")


@pytest.mark.any_database
@pytest.mark.parametrize(("minutes", "is_ok"), [(5, True), (31, False)])
def test_spool_that_nobody_takes_in_is_not_ready(minutes, is_ok):
    assert run_checks()["spool"].ok
    keep_views(1, 2, at=NOON - dt.timedelta(minutes=minutes))
    result = run_checks()["spool"]
    assert result == Result(
        is_ok,
        "" if is_ok else "2 views wait for fold_views",
        {"views": 2, "oldest_seconds": minutes * 60},
    )


@pytest.mark.any_database
def test_spool_that_can_not_be_used_is_not_ready(spool_dir):
    keep_views(1, at=NOON)
    spool_dir.chmod(0o755)
    assert "can be read by others" in run_checks()["spool"].detail


def test_spool_in_numbers_also_while_the_database_is_away(monkeypatch):
    keep_views(1, 2, at=NOON - dt.timedelta(minutes=1))
    note_loss(day=NOON.date(), reason=Reason.NOT_KEPT)

    def refuse():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", refuse)
    told = read_metrics()
    assert told["imprint_spool_views"] == "2.0"
    assert told["imprint_spool_oldest_seconds"] == "60.0"
    assert told["imprint_views_lost_total"] == "1.0"
    assert "imprint_views_pending" not in told


def test_views_by_outcome_and_those_that_wait():
    blog = make_blog()
    for minutes in (1, 2):
        make_click(blog, start=NOON - dt.timedelta(minutes=minutes))
    make_click(blog, start=NOON - dt.timedelta(days=1))
    views = BlogView.objects.filter(viewed_at=NOON - dt.timedelta(minutes=2))
    change(views, outcome="robot", excluded_by="counter: bot")
    told = read_metrics()
    assert told['imprint_views_today{outcome="pending"}'] == "1.0"
    assert told['imprint_views_today{outcome="robot"}'] == "1.0"
    assert told['imprint_views_today{outcome="counted"}'] == "0.0"
    assert told["imprint_views_pending"] == "2.0"
    assert told["imprint_views_oldest_pending_seconds"] == "86400.0"


@pytest.mark.thorough
def test_batches_and_money_that_waits(settings):
    settings.MINIMUM_PAYOUT = Decimal(0)
    category = make_category("Tech")
    make_price(category, "10")
    for _ in range(2):
        make_count(make_blog(category=category), 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=NOON)
    told = read_metrics()
    assert told['imprint_payout_batches{status="draft"}'] == "1.0"
    assert told['imprint_money_waiting{currency="EUR",where="draft"}'] == "20.0"
    steps.submit_batch(batch=batch, by=make_user(), at=NOON)
    approve(batch, at=NOON)
    told = read_metrics()
    assert told['imprint_payout_batches{status="draft"}'] == "0.0"
    assert told['imprint_money_waiting{currency="EUR",where="approved"}'] == "20.0"
    assert 'imprint_money_waiting{currency="EUR",where="kept_back"}' not in told


@pytest.mark.thorough
def test_money_that_is_kept_back(settings):
    settings.MINIMUM_PAYOUT = Decimal(50)
    category = make_category("Tech")
    make_price(category, "10")
    make_count(make_blog(category=category), 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=NOON)
    steps.submit_batch(batch=batch, by=make_user(), at=NOON)
    approve(batch, at=NOON)
    assert Payment.objects.get().status == "carried"
    assert read_metrics()['imprint_money_waiting{currency="EUR",where="kept_back"}'] == "10.0"


@pytest.mark.thorough
def test_number_of_queries_does_not_grow(django_assert_max_num_queries):
    blog = make_blog()
    queries = []
    for number in range(20):
        make_click(blog, start=timezone.now() - dt.timedelta(minutes=number))
        if number in (1, 19):
            with django_assert_max_num_queries(40) as captured:
                write_metrics()
            queries.append(len(captured))
    assert queries[0] == queries[1]


def test_stream_that_was_never_heard_hides_no_other(settings):
    """It was made anew, and no consumer asked yet; PostgreSQL sorts NULLs first."""
    settings.VIEWS_BROKER = ["nats://localhost"]
    StreamPosition.objects.create(stream="VIEWS 1", heard_at=NOON, drained_at=NOON)
    assert check_stream() == Result(True, "", {"waiting": 0})
    StreamPosition.objects.create(stream="VIEWS 2")
    assert check_stream() == Result(True, "", {"waiting": 0})
