import datetime as dt
from decimal import Decimal

import pytest

from billing.errors import MissingPrice, PriceInUse, ReasonRequired, WrongStatus
from billing.models import CategoryPrice, PaymentLine
from billing.payouts import steps
from billing.payouts.price_withdrawal import withdraw_price
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from tests.snapshots import snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lock_order")]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)


def make_split_draft():
    """A draft of October whose one blog has 1,000 views at 10 and, from the 15th, 1,000 at 20."""
    blog = make_blog(category=make_category("Tech"))
    make_price(blog.category, "10")
    later = make_price(blog.category, "20", dt.date(2026, 10, 15))
    make_count(blog, 1000, dt.date(2026, 10, 14))
    make_count(blog, 1000, dt.date(2026, 10, 15))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return batch, later


def withdraw(price, *, reason="Entered by mistake"):
    return withdraw_price(price=price, by=make_user(), reason=reason, at=AT)


@pytest.mark.any_database
def test_withdrawn_price_is_gone_and_its_history_keeps_who_and_why():
    price = make_price(make_category("Tech"), "10", dt.date(2026, 12, 1))
    by = make_user()
    assert withdraw_price(price=price, by=by, reason="Entered twice", at=AT) == []
    assert not CategoryPrice.objects.exists()
    record = CategoryPrice.history.latest("history_id")
    assert (record.history_type, record.history_user) == ("-", by)
    assert record.history_change_reason == "Entered twice"
    assert record.price_per_1000 == Decimal(10)


@pytest.mark.any_database
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_withdrawing_needs_a_reason(reason):
    with pytest.raises(ReasonRequired):
        withdraw(make_price(make_category("Tech"), "10"), reason=reason)


def test_draft_that_used_the_price_is_rebuilt_without_it():
    draft, price = make_split_draft()
    assert withdraw(price) == [draft]
    line = PaymentLine.objects.get(payment__batch=draft)
    assert (line.views, line.amount) == (2000, Decimal(20))
    assert draft.payments.get().amount == Decimal(20)


def test_only_price_of_a_draft_is_not_withdrawn():
    blog = make_blog(category=make_category("Tech"))
    price = make_price(blog.category, "10")
    make_count(blog, 1000)
    steps.build_batch(month=OCTOBER, at=AT)
    by = make_user()
    before = snapshot()
    with pytest.raises(MissingPrice, match="draft of October 2026 can't be built: Tech"):
        withdraw_price(price=price, by=by, reason="Entered by mistake", at=AT)
    assert snapshot() == before


def test_price_of_a_signed_batch_is_not_withdrawn():
    batch, price = make_split_draft()
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    with pytest.raises(PriceInUse, match="The batch of October 2026 has used this price"):
        withdraw(price)
    assert CategoryPrice.objects.contains(price)


def test_price_is_withdrawn_after_its_batch_was_returned():
    batch, price = make_split_draft()
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    steps.return_batch(batch=batch, by=make_user(), reason="The price is wrong")
    assert withdraw(price) == [batch]


def test_price_that_a_cancelled_batch_shows_stays():
    batch, price = make_split_draft()
    steps.cancel_batch(batch=batch, by=make_user(), reason="A test")
    with pytest.raises(PriceInUse, match="The cancelled batch of"):
        withdraw(price)
    assert CategoryPrice.objects.contains(price)


@pytest.mark.any_database
def test_second_clerk_is_told_that_the_price_was_withdrawn():
    price = make_price(make_category("Tech"), "10")
    again = CategoryPrice.objects.get()
    withdraw(price)
    with pytest.raises(WrongStatus, match="withdrawn already"):
        withdraw(again)
