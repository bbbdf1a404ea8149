import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing.errors import PriceInUse
from billing.models import CategoryPrice, PaymentLine
from billing.payouts import steps
from billing.prices.rules import find_outdated_drafts, find_price_editors, save_price
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)


def make_signed_price():
    """A price that the submitted batch of October 2026 has used."""
    blog = make_blog(category=make_category("Tech"))
    price = make_price(blog.category, "10")
    make_count(blog, 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    return price


def save(price):
    return save_price(price=price, by=make_user())


def test_price_of_a_day_is_the_latest_that_has_started():
    category = make_category()
    first = make_price(category, "10", dt.date(2026, 1, 1))
    second = make_price(category, "12", dt.date(2026, 5, 15))
    coming = make_price(category, "14", dt.date(2026, 12, 1))
    on = CategoryPrice.objects.in_force_on
    assert not on(dt.date(2025, 12, 31)).exists()
    assert on(dt.date(2026, 5, 14)).get() == first
    assert on(dt.date(2026, 5, 15)).get() == second
    assert on(dt.date(2026, 11, 30)).get() == second
    assert on(dt.date(2026, 12, 1)).get() == coming


def test_price_that_a_signed_batch_used_is_not_changed():
    price = make_signed_price()
    price.price_per_1000 = Decimal(20)
    with pytest.raises(PriceInUse, match="October 2026 has used this price"):
        save(price)
    assert CategoryPrice.objects.get().price_per_1000 == Decimal(10)


@pytest.mark.parametrize("day", [dt.date(2026, 3, 1), dt.date(2026, 10, 31)])
def test_price_does_not_start_on_a_day_that_is_paid_already(day):
    category = make_signed_price().category
    with pytest.raises(PriceInUse, match="can start on 1 November 2026 or later"):
        save(CategoryPrice(category=category, price_per_1000="20", effective_from=day))


def test_price_starts_on_the_first_day_that_is_not_paid():
    category = make_signed_price().category
    price = CategoryPrice(
        category=category, price_per_1000="20", effective_from=dt.date(2026, 11, 1)
    )
    assert save(price).pk


def test_price_of_another_category_may_start_in_a_paid_month():
    make_signed_price()
    price = CategoryPrice(
        category=make_category("Sports"), price_per_1000="20", effective_from=OCTOBER
    )
    assert save(price).pk


def test_price_may_change_while_the_batch_is_a_draft():
    price = make_signed_price()
    batch = steps.PayoutBatch.objects.get()
    steps.return_batch(batch=batch, by=make_user(), reason="The price is wrong")
    price.price_per_1000 = Decimal(20)
    assert save(price).price_per_1000 == Decimal(20)


def test_saving_keeps_who_and_why():
    by = make_user()
    price = CategoryPrice(
        category=make_category(), price_per_1000="20", effective_from=OCTOBER, note="A contract"
    )
    record = save_price(price=price, by=by).history.get()
    assert (record.history_user, record.history_change_reason) == (by, "A contract")


def test_price_changed_in_the_middle_of_a_month_splits_its_lines_to_the_cent():
    blog = make_blog(category=make_category("Tech"))
    make_price(blog.category, "10")
    make_price(blog.category, "12.345", dt.date(2026, 10, 15))
    make_count(blog, 1001, dt.date(2026, 10, 14))
    make_count(blog, 2003, dt.date(2026, 10, 15))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    lines = PaymentLine.objects.filter(payment__batch=batch).order_by("price_per_1000")
    assert list(lines.values_list("month", "views", "price_per_1000", "amount")) == [
        (OCTOBER, 1001, Decimal(10), Decimal("10.01")),
        (OCTOBER, 2003, Decimal("12.345"), Decimal("24.727035")),
    ]
    payment = batch.payments.get()
    assert (payment.amount, payment.rounding) == (Decimal("34.74"), Decimal("0.002965"))


def test_draft_is_outdated_by_a_price_of_its_days_alone():
    blog = make_blog(category=make_category("Tech"))
    used = make_price(blog.category, "10")
    make_count(blog, 1000)
    draft, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert find_outdated_drafts(used) == [draft]
    assert find_outdated_drafts(make_price(blog.category, "12", dt.date(2026, 10, 31))) == [draft]
    assert find_outdated_drafts(make_price(blog.category, "12", dt.date(2026, 11, 1))) == []
    assert find_outdated_drafts(make_price(make_category("Sports"), "12", OCTOBER)) == []


def test_only_the_last_editor_of_a_used_price_counts():
    price = make_signed_price()
    first, last, other = make_user(), make_user(), make_user()
    for editor in (first, last):
        price._history_user = editor
        price.save()
    unused = make_price(make_category(), "1")
    unused._history_user = other
    unused.save()
    assert list(find_price_editors(steps.PayoutBatch.objects.get())) == [last]


@pytest.mark.parametrize("amount", ["-0.001", "1.0001", "NaN", "Infinity", "1e400", "12345678901"])
def test_price_that_makes_no_sense_is_a_validation_error(amount):
    price = CategoryPrice(
        category=make_category(), effective_from=OCTOBER, price_per_1000=Decimal(amount)
    )
    with pytest.raises(ValidationError):
        price.full_clean()


def test_database_refuses_a_negative_price_and_two_prices_from_one_day():
    category = make_category()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_price(category, "-1")
    make_price(category, "1")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_price(category, "2")
