import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing.errors import PriceInUse, ReasonRequired
from billing.models import CategoryPrice, PaymentLine
from billing.payouts import steps
from billing.prices.rules import (
    check_price,
    explain_refusal,
    find_outdated_drafts,
    find_price_editors,
    first_free_day,
    save_price,
)
from billing.verification.lines import check_lines
from tests.billing.guarded import refuses
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]

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


def add_by_sql(category, day):
    """Add a price by SQL, and return whether a guard refused it."""
    sql = (
        "INSERT INTO billing_categoryprice (category_id, effective_from, price_per_1000, "
        "currency, note) VALUES (%s, %s, 20000000, 'EUR', '')"
    )
    return refuses(sql, category.pk, day)


# The signed line of October 2026 has views of the 15th alone, at the price from 1 Jan 2020.
PAID_DAYS = [dt.date(2020, 1, 2), dt.date(2026, 3, 1), OCTOBER, dt.date(2026, 10, 15)]
FREE_DAYS = [dt.date(2019, 12, 31), dt.date(2026, 10, 16), dt.date(2026, 11, 1)]


@pytest.mark.parametrize("day", PAID_DAYS)
def test_price_does_not_start_where_a_signed_line_would_get_it(day):
    category = make_signed_price().category
    with pytest.raises(PriceInUse, match="can start on 16 Oct 2026 or later"):
        save(CategoryPrice(category=category, price_per_1000="20", effective_from=day))
    assert add_by_sql(category, day)


@pytest.mark.parametrize("day", FREE_DAYS)
def test_price_starts_where_no_signed_line_would_get_it(day):
    category = make_signed_price().category
    price = CategoryPrice(category=category, price_per_1000="20", effective_from=day)
    assert save(price).pk
    CategoryPrice.objects.filter(pk=price.pk).delete()
    assert not add_by_sql(category, day)


def make_two_signed_prices():
    """Signed lines of 2 October at the price from the 1st, of the 25th at that from the 20th."""
    blog = make_blog(category=make_category("Tech"))
    make_price(blog.category, "10", OCTOBER)
    make_price(blog.category, "12", dt.date(2026, 10, 20))
    make_count(blog, 1000, dt.date(2026, 10, 2))
    make_count(blog, 1000, dt.date(2026, 10, 25))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    return blog.category


@pytest.mark.parametrize(
    ("day", "is_paid"), [(2, True), (3, False), (19, False), (21, True), (25, True), (26, False)]
)
def test_price_between_two_others_covers_days_up_to_the_next_one_alone(day, is_paid):
    category = make_two_signed_prices()
    first = dt.date(2026, 10, day)
    new = CategoryPrice(category=category, price_per_1000="20", effective_from=first)
    assert bool(explain_refusal(check_price, new)) is is_paid
    assert add_by_sql(category, first) is is_paid


def test_unused_price_is_not_moved_onto_a_paid_day():
    category = make_two_signed_prices()
    price = make_price(category, "20", dt.date(2026, 11, 1))
    price.effective_from = dt.date(2026, 10, 25)
    with pytest.raises(PriceInUse, match="is paid up to 25 Oct 2026 already"):
        save(price)
    move = "UPDATE billing_categoryprice SET effective_from = %s WHERE id = %s"
    assert refuses(move, dt.date(2026, 10, 25), price.pk)
    assert not refuses(move, dt.date(2026, 10, 3), price.pk)


@pytest.mark.thorough
def test_price_of_a_skipped_month_may_still_be_added_after_a_later_month_is_paid():
    """September had views before the first price; October is signed."""
    category = make_two_signed_prices()
    make_count(make_blog(category=category), 7, dt.date(2026, 9, 30))
    september = CategoryPrice(
        category=category, price_per_1000="8", effective_from=dt.date(2026, 9, 1)
    )
    assert save(september).pk
    batch, _ = steps.build_batch(month=dt.date(2026, 9, 1), at=AT)
    assert batch.payments.get().exact_amount == Decimal("0.056")


def test_verification_stands_after_a_price_was_added_where_it_may_be():
    category = make_two_signed_prices()
    for day in (dt.date(2026, 9, 1), dt.date(2026, 10, 3), dt.date(2026, 10, 26)):
        save(CategoryPrice(category=category, price_per_1000="8", effective_from=day))
    batch = steps.PayoutBatch.objects.get()
    assert check_lines(None, str(batch.pk), "", Counter()) is None  # no Difference


def test_first_free_day_is_the_day_after_the_last_signed_one():
    category = make_two_signed_prices()
    assert first_free_day(category.pk) == dt.date(2026, 10, 26)
    assert first_free_day(make_category("Sports").pk) is None


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


@pytest.mark.any_database
@pytest.mark.parametrize("note", [".", "x", "12"])
def test_note_of_a_price_says_something(note):
    price = CategoryPrice(
        category=make_category(), price_per_1000="20", effective_from=OCTOBER, note=note
    )
    with pytest.raises(ReasonRequired, match=f"“{note}” says nothing. Say why"):
        save_price(price=price, by=make_user())


@pytest.mark.any_database
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


@pytest.mark.thorough
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


@pytest.mark.any_database
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
