"""Earned = paid + outstanding, beside the views without a price, in whatever order things come."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.errors import NothingToBuild, PriceInUse
from billing.models import CategoryPrice, DailyViewCount, Payment, PaymentLine
from billing.payouts import steps
from billing.payouts.due_months import find_months_to_build
from billing.payouts.outstanding import list_waiting
from billing.prices.rules import save_price
from tests.factories import approve, make_blog, make_category, make_count, make_user, make_view_seal

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.thorough]

AT = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)
FIRST = dt.date(2026, 8, 1)

DAYS = st.integers(0, 91).map(lambda number: FIRST + dt.timedelta(days=number))
VIEWS = st.tuples(st.just("views"), st.integers(0, 3), DAYS, st.integers(1, 900))
PRICES = st.tuples(st.just("price"), st.integers(0, 1), DAYS, st.integers(1, 90))
BUILDS = st.tuples(st.just("build"))
LATE = settings(
    max_examples=6,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@LATE
@given(st.lists(st.one_of(VIEWS, VIEWS, PRICES, BUILDS), min_size=4, max_size=12))
def test_each_view_is_paid_or_waits_whatever_comes_when(db, events):
    with transaction.atomic():
        live_through(events)
        transaction.set_rollback(True)


def live_through(events):
    categories = [make_category(), make_category()]
    blogs = [make_blog(category=category) for category in categories * 2]
    clerk = make_user()
    for kind, *facts in [*events, ("build",)]:
        if kind == "views":
            number, day, views = facts
            add_views(blogs[number], day, views)
        elif kind == "price":
            number, day, amount = facts
            add_price(categories[number], day, amount, clerk)
        else:
            build(clerk)
        check_sums(blogs, categories)


def add_views(blog, day, views):
    row = DailyViewCount.objects.filter(blog=blog, day=day).first()
    if row is None:
        make_count(blog, views, day)
    else:
        row.views += views
        row.seal = make_view_seal(day)
        row.save()


def add_price(category, day, amount, by):
    price = CategoryPrice(category=category, effective_from=day, price_per_1000=Decimal(amount))
    try:
        save_price(price=price, by=by)
    except PriceInUse:
        starts = CategoryPrice.objects.filter(category=category, effective_from__lte=day)
        assert starts.exists()  # before its first price nothing is refused


def build(by):
    for month in find_months_to_build(at=AT):
        if month not in find_months_to_build(at=AT):
            continue  # the batch of an earlier month took in what waited
        try:
            batch, _ = steps.build_batch(month=month, by=by, leave_out="Later", at=AT)
        except NothingToBuild:
            continue
        batch = approve(steps.submit_batch(batch=batch, by=by, at=AT), at=AT)
        results = {payment.pk: ("paid", "") for payment in batch.payments.payable()}
        if results:
            export_payments(batch=batch, format="csv", by=by)
            record_results(batch=batch, results=results, by=by, at=AT)


def check_sums(blogs, categories):
    """By hand: each count at the latest price that has started, or without one."""
    earned, unpriced = Decimal(0), 0
    prices = CategoryPrice.objects.filter(category__in=categories).order_by("effective_from")
    for count in DailyViewCount.objects.filter(blog__in=blogs):
        started = [
            row.price_per_1000
            for row in prices
            if row.category_id == count.category_id and row.effective_from <= count.day
        ]
        earned += count.views * started[-1] / 1000 if started else 0
        unpriced += 0 if started else count.views
    authors = {blog.author_id for blog in blogs}
    waiting = [row for row in list_waiting(at=AT) if row.author in authors]
    paid = sum(
        payment.exact_amount
        for payment in Payment.objects.filter(author__in=authors, status="paid")
    )
    assert earned == paid + sum(row.amount for row in waiting)
    assert unpriced == sum(row.views for row in waiting if row.cause == "unpriced")
    for line in PaymentLine.objects.filter(payment__author__in=authors, kind="views"):
        assert line.price.effective_from <= line.month.replace(day=int(line.days.split(":")[0]))
