"""A batch leaves out what had no price when it was signed, and nothing else."""

import datetime as dt
from collections import Counter

import pytest
import time_machine

from billing.models import CategoryPrice, PayoutBatch, Verification
from billing.payouts import steps
from billing.prices.rules import save_price
from billing.verification.differences import Difference
from billing.verification.left_out import check_left_out
from tests.billing.batches import AT, OCTOBER
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_category, make_count, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def price(name, day):
    price = CategoryPrice(category=make_category(name), price_per_1000=10, effective_from=day)
    return save_price(price=price, by=make_user())


@pytest.fixture
def batch():
    """October, signed: 1,000 views of Tech, and without the 30 of Food before its first price."""
    with time_machine.travel(AT - dt.timedelta(days=1), tick=False):
        price("Tech", OCTOBER)
        price("Food", dt.date(2026, 10, 9))
        make_count(make_blog(category=make_category("Tech")), 1000, OCTOBER)
        make_count(make_blog(category=make_category("Food")), 30, OCTOBER)
        built, _ = steps.build_batch(month=OCTOBER, by=make_user(), leave_out="Later", at=AT)
    with time_machine.travel(AT, tick=False):
        return steps.submit_batch(batch=built, by=make_user(), at=AT)


def check(batch):
    numbers = Counter()
    check_left_out(Verification(), str(batch.pk), "", numbers)
    return numbers["categories left out"]


def test_batch_without_the_unpriced_views_is_right(batch):
    assert check(batch) == 1
    with time_machine.travel(AT + dt.timedelta(days=1), tick=False):
        price("Food", OCTOBER)
    assert check(batch) == 1


@pytest.mark.thorough
def test_batch_that_left_out_a_category_with_a_price_is_not(batch):
    tech = make_category("Tech").pk
    with without_guards():
        PayoutBatch.objects.update(left_out_categories=[tech])
    with pytest.raises(Difference, match="leaves out views of Tech for want of a price"):
        check(batch)
