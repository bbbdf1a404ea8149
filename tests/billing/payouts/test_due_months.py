"""Which months are due: those with views, and the last closed one if money waits for nothing."""

import datetime as dt
from decimal import Decimal

import pytest

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import Adjustment, DailyViewCount, Hold, PaymentLine
from billing.payouts import steps
from billing.payouts.due_months import find_months_to_build
from billing.payouts.holds import end_hold, hold_payment, pay_out_payment
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.tampering import change
from tests.factories import approve, make_blog, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

NOVEMBER = dt.date(2026, 11, 1)
IN_DECEMBER = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def minimum(settings):
    settings.MINIMUM_PAYOUT = Decimal(10)


@pytest.fixture
def blog():
    blog = make_blog(title="Trains")
    make_price(blog.category, "10")
    return blog


def pay(month, at=AT, *, hold=False):
    batch, _ = steps.build_batch(month=month, at=at)
    if hold:
        hold_payment(payment=batch.payments.get(), by=make_user(), reason="Look", at=at)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=at)
    return approve(batch, at=at)


def settle(batch, outcome):
    results = {payment.pk: (outcome, "Closed") for payment in batch.payments.all()}
    export_payments(batch=batch, format="csv", by=make_user())
    return record_results(batch=batch, results=results, by=make_user(), at=AT)


def due(at=AT):
    return find_months_to_build(at=at)


def test_late_views_that_a_month_of_its_own_takes_in_make_no_empty_batch_of_the_last(blog):
    make_count(blog, 1_000, SEPTEMBER)
    pay(SEPTEMBER)
    make_count(blog, 2_000, SEPTEMBER.replace(day=2))
    make_count(blog, 1_000, OCTOBER)
    assert due(IN_DECEMBER) == [OCTOBER, NOVEMBER]
    (batch,) = steps.build_closed_months(at=IN_DECEMBER)
    assert (batch.month, batch.payments.get().amount) == (OCTOBER, Decimal(30))
    assert due(IN_DECEMBER) == []


def adjust(author, amount):
    return Adjustment.objects.create(
        author=author, amount=amount, reason="A prize", created_by=make_user(), created_at=AT
    )


def amounts_of(batch):
    return list(batch.payments.values_list("status", "amount", "carried_amount"))


@pytest.mark.thorough
def test_nothing_waits_so_nothing_is_due(blog):
    assert due() == []
    make_count(blog, 2000, dt.date(2026, 9, 1))
    settle(pay(SEPTEMBER), "paid")
    assert due() == []


@pytest.mark.thorough
def test_late_views_alone_make_the_last_closed_month_due(blog):
    make_count(blog, 2000, dt.date(2026, 9, 1))
    settle(pay(SEPTEMBER), "paid")
    make_count(blog, 1500, dt.date(2026, 9, 2))
    assert due() == [OCTOBER]
    october = pay(OCTOBER)
    assert amounts_of(october) == [("payable", Decimal(15), Decimal(0))]
    assert due() == []
    assert due(IN_DECEMBER) == []


@pytest.mark.thorough
def test_views_taken_away_alone_make_it_due_once(blog):
    make_count(blog, 2000, dt.date(2026, 9, 1))
    settle(pay(SEPTEMBER), "paid")
    change(DailyViewCount.objects.all(), views=1900)
    assert due() == [OCTOBER]
    assert amounts_of(pay(OCTOBER)) == [("carried", Decimal(0), Decimal(-1))]
    assert due(IN_DECEMBER) == []


@pytest.mark.thorough
def test_carried_sum_alone_makes_no_month_due(blog):
    make_count(blog, 500, dt.date(2026, 9, 1))
    assert amounts_of(pay(SEPTEMBER)) == [("carried", Decimal(0), Decimal(5))]
    assert due() == []


def test_carried_sum_is_due_once_the_minimum_lets_it_be_paid(blog, settings):
    make_count(blog, 500, dt.date(2026, 9, 1))
    pay(SEPTEMBER)
    settings.MINIMUM_PAYOUT = Decimal(5)
    assert due() == [OCTOBER]


@pytest.mark.thorough
def test_carried_sum_is_due_once_it_is_to_be_paid_in_full(blog):
    make_count(blog, 500, dt.date(2026, 9, 1))
    payment = pay(SEPTEMBER).payments.get()
    pay_out_payment(payment=payment, by=make_user(), reason="Leaves", at=AT)
    assert due() == [OCTOBER]
    assert amounts_of(pay(OCTOBER)) == [("payable", Decimal(5), Decimal(0))]
    assert due(IN_DECEMBER) == []


@pytest.mark.thorough
def test_held_sum_waits_for_its_release(blog):
    make_count(blog, 2000, dt.date(2026, 9, 1))
    assert amounts_of(pay(SEPTEMBER, hold=True)) == [("held", Decimal(0), Decimal(20))]
    make_count(blog, 100, dt.date(2026, 9, 2))
    adjust(blog.author, 3)
    assert due() == []
    hold = Hold.objects.get()
    end_hold(hold=hold, by=make_user(), reason="All is well", at=AT)
    assert due() == [OCTOBER]
    assert amounts_of(pay(OCTOBER)) == [("payable", Decimal(24), Decimal(0))]


@pytest.mark.thorough
@pytest.mark.parametrize("amount", [20, 1, -1])
def test_adjustment_alone_makes_it_due_once(blog, amount):
    adjust(blog.author, amount)
    assert due() == [OCTOBER]
    pay(OCTOBER)
    assert due(IN_DECEMBER) == []


@pytest.mark.thorough
def test_failed_payment_alone_makes_it_due(blog):
    make_count(blog, 2000, dt.date(2026, 9, 1))
    settle(pay(SEPTEMBER), "failed")
    assert due() == [OCTOBER]
    assert amounts_of(pay(OCTOBER)) == [("payable", Decimal(20), Decimal(0))]
    assert due(IN_DECEMBER) == []


@pytest.mark.thorough
def test_failed_payment_of_somebody_on_hold_waits_for_the_release(blog):
    make_count(blog, 2000, dt.date(2026, 9, 1))
    payment = settle(pay(SEPTEMBER), "failed").payments.get()
    hold_payment(payment=payment, by=make_user(), reason="Look", at=AT)
    assert due() == []


@pytest.mark.thorough
def test_money_waits_for_the_month_that_has_its_batch_already(blog):
    make_count(blog, 2000, OCTOBER)
    settle(pay(OCTOBER), "failed")
    assert due() == []
    assert due(IN_DECEMBER) == [NOVEMBER]


@pytest.mark.thorough
def test_views_without_a_price_alone_make_no_month_due(blog):
    make_count(blog, 2000, dt.date(2026, 9, 1))
    settle(pay(SEPTEMBER), "paid")
    make_count(blog, 10, dt.date(2019, 12, 31))
    make_count(blog, 10, dt.date(2019, 11, 30))
    assert due() == []
    assert due(IN_DECEMBER) == []


def test_asking_writes_nothing(blog):
    adjust(blog.author, 20)
    due()
    assert not PaymentLine.objects.exists()
