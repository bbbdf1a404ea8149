"""Changes of prices, and findings, that an approver has to comment on."""

import datetime as dt

import pytest

from billing.models import CategoryPrice, Finding, PayoutBatch
from tests.billing.payouts.bare_batches import (
    flag_of,
    make_batch,
    make_finding,
    make_payment,
    make_views_line,
)
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DECIDED = {
    "status": Finding.Status.ACCEPTED,
    "reason": "A school.",
    "decided_at": dt.datetime(2026, 11, 2, tzinfo=dt.UTC),
}


@pytest.fixture
def tech():
    """A category with a price since 2020, in a batch of October with one payment."""
    tech = make_category("Tech")
    price = enter(make_price(tech, "10"), "2020-01-01")
    make_views_line(make_payment(make_batch()), make_blog(category=tech), price)
    return tech


def enter(price, day):
    """Move the latest change of the price to `day`."""
    change = price.history.first()
    change.history_date = f"{day}T12:00Z"
    with without_guards():
        change.save()
    return price


def price_flag():
    return flag_of(PayoutBatch.objects.get(), "price_changed")


def test_price_that_nobody_touched_is_not_flagged(tech):
    assert price_flag() is None


@pytest.mark.parametrize(
    ("effective_from", "is_flagged"),
    [
        (dt.date(2026, 9, 30), False),
        (dt.date(2026, 10, 1), True),
        (dt.date(2026, 10, 31), True),
        (dt.date(2026, 11, 1), False),
    ],
)
def test_price_that_came_into_force_in_the_month_is_flagged(tech, effective_from, is_flagged):
    enter(make_price(tech, "12", effective_from), "2026-09-01")
    assert bool(price_flag()) == is_flagged


def test_first_price_of_a_category_is_no_change():
    price = enter(make_price(make_category("New"), "10", dt.date(2026, 10, 10)), "2026-09-01")
    make_views_line(make_payment(make_batch()), make_blog(category=price.category), price)
    assert price_flag() is None


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("day", "is_flagged"), [("2026-09-30", False), ("2026-10-01", True), ("2026-11-20", True)]
)
def test_price_edited_since_the_month_began_is_flagged(tech, day, is_flagged):
    price = CategoryPrice.objects.get()
    price.price_per_1000 = 11
    price.save()
    enter(price, day)
    assert bool(price_flag()) == is_flagged


def test_price_entered_afterwards_is_flagged():
    price = enter(make_price(make_category("New"), "10"), "2026-11-03")
    make_views_line(make_payment(make_batch()), make_blog(category=price.category), price)
    flag = price_flag()
    assert flag.count == 1
    assert "The price of New changed in October 2026" in flag.message
    assert flag.url == "/admin/billing/categoryprice/"


@pytest.mark.thorough
def test_price_withdrawn_or_put_off_since_the_month_began_is_flagged(tech):
    price = enter(make_price(tech, "12", dt.date(2026, 10, 20)), "2026-09-01")
    price.effective_from = dt.date(2027, 1, 1)
    price.save()
    enter(price, "2026-10-25")
    assert price_flag()
    price.delete()
    assert price_flag()


@pytest.mark.thorough
def test_coming_price_may_be_edited(tech):
    price = enter(make_price(tech, "12", dt.date(2026, 11, 1)), "2026-10-05")
    price.price_per_1000 = 13
    price.save()
    enter(price, "2026-10-06")
    assert price_flag() is None


def test_price_of_a_category_that_the_batch_does_not_pay_is_not_flagged(tech):
    enter(make_price(make_category("Sport"), "12"), "2026-11-03")
    assert price_flag() is None


# Findings


def test_findings_left_open_are_flagged():
    batch, blog = make_batch(), make_blog(title="A blog")
    make_finding(blog, dt.date(2026, 9, 1))
    assert flag_of(batch, "open_findings") is None
    for _ in range(2):
        make_finding(blog)
    make_finding(make_blog(title="Decided"), **DECIDED, decided_by=make_user())
    flag = flag_of(batch, "open_findings")
    assert flag.count == 2
    assert "2 findings are left open in October 2026, the largest about A blog." in flag.message
    assert flag.url == "/admin/billing/finding/?month=2026-10&status__exact=open"
