"""What waits, since when, and whom that is told."""

import datetime as dt
import sys
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Sum

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import (
    Adjustment,
    DailyViewCount,
    OutstandingAlarm,
    Payment,
    PaymentLine,
)
from billing.payouts import alarms, steps
from billing.payouts.alarms import describe, find_overdue, tell_of_overdue
from billing.payouts.holds import hold_payment
from billing.payouts.outstanding import find_since, list_waiting
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.tampering import change
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_groups,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AUGUST = dt.date(2026, 8, 1)
NOVEMBER = dt.date(2026, 11, 1)
IN_DECEMBER = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def minimum(settings):
    settings.MINIMUM_PAYOUT = Decimal(10)
    settings.OUTSTANDING_ALARM_DAYS = 60


@pytest.fixture
def blog():
    blog = make_blog(title="Trains")
    make_price(blog.category, "10", AUGUST)
    return blog


def pay(month, at=AT, *, hold=None):
    batch, _ = steps.build_batch(month=month, at=at)
    if hold:
        payment = batch.payments.get(author=hold)
        hold_payment(payment=payment, by=make_user(), reason="Look", at=at)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=at)
    return approve(batch, at=at)


def settle(batch, outcome):
    waiting = batch.payments.filter(status="payable")
    results = {payment.pk: (outcome, "Closed") for payment in waiting}
    export_payments(batch=batch, format="csv", by=make_user())
    return record_results(batch=batch, results=results, by=make_user(), at=AT)


def waiting(at=AT, author=None):
    return [
        (row.cause, row.since, row.amount, row.views) for row in list_waiting(at=at, author=author)
    ]


@pytest.mark.thorough
def test_carried_sum_waits_since_the_month_of_its_oldest_view(blog):
    make_count(blog, 100, AUGUST)
    pay(AUGUST)
    assert waiting() == [("carried", SEPTEMBER, Decimal(1), 0)]
    make_count(blog, 200, SEPTEMBER)
    pay(SEPTEMBER)
    assert waiting() == [("carried", SEPTEMBER, Decimal(3), 0)]
    assert list_waiting(at=AT)[0].age(AT) == 82


@pytest.mark.thorough
def test_what_was_paid_waits_no_more(blog):
    make_count(blog, 100, AUGUST)
    pay(AUGUST)
    make_count(blog, 2000, SEPTEMBER)
    assert settle(pay(SEPTEMBER), "paid").status == "paid"
    assert waiting() == []
    make_count(blog, 300, OCTOBER)
    pay(OCTOBER)
    assert waiting() == [("carried", NOVEMBER, Decimal(3), 0)]


@pytest.mark.thorough
def test_each_cause_has_its_day(blog):
    make_count(blog, 2000, AUGUST)
    other = make_blog(category=blog.category)
    make_count(other, 3000, AUGUST)
    settle(pay(AUGUST, hold=other.author), "failed")
    third = make_blog(category=blog.category)
    Adjustment.objects.create(
        author=third.author, amount=-2, reason="Wrong", created_by=make_user(), created_at=AT
    )
    make_count(third, 50, dt.date(2026, 8, 3))
    make_count(third, 7, dt.date(2026, 7, 9))
    make_count(third, 1000, NOVEMBER)  # not closed
    rows = [(row.cause, row.since, row.amount, row.views) for row in list_waiting(at=AT)]
    assert rows == [
        ("unpriced", dt.date(2026, 7, 9), Decimal(0), 7),
        ("failed", SEPTEMBER, Decimal(20), 0),
        ("held", SEPTEMBER, Decimal(30), 0),
        ("late", SEPTEMBER, Decimal("0.5"), 50),
        ("adjustment", dt.date(2026, 11, 22), Decimal(-2), 0),
    ]
    assert waiting(author=blog.author) == [("failed", SEPTEMBER, Decimal(20), 0)]
    assert describe(list_waiting(at=AT)) == "€48.50 of 3 authors and 7 views without a price"


def test_adjustment_that_was_carried_waits_since_it_was_made(blog):
    made_at = dt.datetime(2026, 8, 20, 23, 30, tzinfo=dt.UTC)
    Adjustment.objects.create(
        author=blog.author, amount=2, reason="Wrong", created_by=make_user(), created_at=made_at
    )
    pay(OCTOBER)
    assert waiting() == [("carried", dt.date(2026, 8, 21), Decimal(2), 0)]
    assert find_since([]) == {}


@pytest.mark.thorough
def test_views_taken_away_wait_as_a_negative_amount(blog):
    make_count(blog, 2000, AUGUST)
    settle(pay(AUGUST), "paid")
    change(DailyViewCount.objects.all(), views=1900)
    assert waiting() == [("late", SEPTEMBER, Decimal(-1), -100)]


@pytest.mark.thorough
def test_earned_is_paid_and_outstanding_and_views_without_a_price(blog):
    """Of 2,350 views at 10 and 7 without a price: 20 paid, 1 carried, 2.5 late, 7 views wait."""
    small = make_blog(category=blog.category)
    make_count(blog, 2000, AUGUST)
    make_count(small, 100, AUGUST)
    settle(pay(AUGUST), "paid")
    make_count(small, 250, dt.date(2026, 8, 2))
    make_count(small, 7, dt.date(2026, 7, 31))
    paid = Payment.objects.get(status="paid").exact_amount
    outstanding = sum(row.amount for row in list_waiting(at=AT))
    assert (paid, outstanding) == (Decimal(20), Decimal("3.5"))
    assert paid + outstanding == Decimal("23.5")
    assert DailyViewCount.objects.aggregate(sum=Sum("views"))["sum"] == 2357
    assert sum(row.views for row in list_waiting(at=AT) if row.cause == "unpriced") == 7


# What waits too long


@pytest.mark.thorough
def test_what_waits_longer_than_the_setting_is_overdue(blog, settings):
    make_count(blog, 100, AUGUST)
    pay(AUGUST)  # since 1 September: 82 days before AT
    settings.OUTSTANDING_ALARM_DAYS = 82
    assert find_overdue(list_waiting(at=AT), at=AT) == []
    settings.OUTSTANDING_ALARM_DAYS = 81
    assert len(find_overdue(list_waiting(at=AT), at=AT)) == 1


@pytest.mark.thorough
@pytest.mark.any_database
def test_finance_gets_one_mail_for_each(blog, mailoutbox):
    make_groups("10_groups.json", "30_billing_groups.json")
    make_user(groups=["Finance"], email="finn@example.com")
    make_count(blog, 100, AUGUST)
    pay(AUGUST)
    mailoutbox.clear()
    assert len(tell_of_overdue(at=AT)) == 1
    assert tell_of_overdue(at=IN_DECEMBER) == []
    (mail,) = mailoutbox
    assert mail.to == ["finn@example.com"]
    assert "    €1.00 of 1 author\n" in mail.body
    assert "more than 60 days, the oldest since 1 Sep 2026" in mail.body
    assert blog.author.username not in mail.body
    make_count(blog, 3, dt.date(2026, 7, 1))
    (new,) = tell_of_overdue(at=IN_DECEMBER)
    assert (new.cause, OutstandingAlarm.objects.count(), len(mailoutbox)) == ("unpriced", 2, 2)


@pytest.mark.thorough
def test_run_that_is_killed_at_the_mail_tells_again(blog, monkeypatch):
    make_count(blog, 100, AUGUST)
    pay(AUGUST)
    make_groups("10_groups.json", "30_billing_groups.json")
    make_user(groups=["Finance"], email="finn@example.com")
    with monkeypatch.context() as patch:
        patch.setattr(alarms, "send_mails", lambda messages, about: sys.exit())
        with pytest.raises(SystemExit):
            tell_of_overdue(at=AT)
    assert len(tell_of_overdue(at=AT)) == 1


@pytest.mark.thorough
@pytest.mark.any_database
@time_machine.travel(AT, tick=False)
def test_nightly_build_tells_even_if_a_month_is_refused(blog, capsys):
    make_count(blog, 100, AUGUST)
    pay(AUGUST)
    make_count(blog, 100, OCTOBER)
    make_count(make_blog(category=make_category("Food")), 5, OCTOBER)
    with pytest.raises(CommandError, match="Not built: October 2026"):
        call_command("build_payout_batch")
    assert OutstandingAlarm.objects.count() == 1
    assert not PaymentLine.objects.filter(month=OCTOBER).exists()
