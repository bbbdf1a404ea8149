"""Every amount fits its column, and every price its decimals, by whatever door it comes."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from billing.checks import check_limits
from billing.errors import AmountTooLarge, InvalidAdjustment
from billing.models import Adjustment, CategoryPrice, Payment, PaymentLine, PayoutBatch
from billing.money import AmountField
from billing.payouts import bounds, steps
from billing.payouts.adjustments import save_adjustment
from billing.prices.rules import save_price
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

OCTOBER = dt.date(2026, 10, 1)
AT = dt.datetime(2026, 12, 20, 12, tzinfo=dt.UTC)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("0.0005", "at most three decimals"),
        ("9223372036854.775808", "too large"),
        ("1e30", "too large"),
        ("NaN", "must be a decimal number"),
        ("Infinity", "must be a decimal number"),
    ],
)
def test_a_price_that_no_column_holds_is_refused_with_words(amount, message):
    price = CategoryPrice(
        category=make_category(), effective_from=OCTOBER, price_per_1000=Decimal(amount)
    )
    with pytest.raises(ValidationError, match=message):
        save_price(price=price, by=make_user())
    assert not CategoryPrice.objects.exists()


@pytest.mark.parametrize("amount", ["0", "0.001", "999999999.999"])
def test_the_least_and_the_largest_price_are_taken(amount):
    make_price(make_category(), amount)
    assert CategoryPrice.objects.get().price_per_1000 == Decimal(amount)


@pytest.mark.parametrize("amount", ["1000000000", "-0.001"])
def test_a_price_outside_its_bounds_is_refused_by_the_database(amount):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_price(make_category(), amount)


@pytest.mark.any_database
@pytest.mark.parametrize("amount", ["0.0005", "1000000000", "-1"])
def test_a_price_of_a_fixture_is_held_to_the_same(amount):
    fields = {
        "category": make_category().pk, "effective_from": "2026-10-01", "price_per_1000": amount,
        "note": "",
    }  # fmt: skip
    rows = json.dumps([{"model": "billing.categoryprice", "pk": None, "fields": fields}])
    (row,) = serializers.deserialize("json", rows)
    with pytest.raises((IntegrityError, ValidationError)), transaction.atomic():
        row.save()


SQL = {
    "UPDATE billing_categoryprice SET price_per_1000 = 500": "three_decimals",
    "UPDATE billing_categoryprice SET price_per_1000 = 1000000000000000": "in_bounds",
    "UPDATE billing_categoryprice SET currency = ''": "has_currency",
    "UPDATE billing_adjustment SET amount = 1000000000000000": "in_bounds",
    "UPDATE billing_adjustment SET amount = -1000000000000000": "in_bounds",
    "UPDATE billing_payoutbatch SET minimum_payout = -1": "minimum_in_bounds",
    "UPDATE billing_payment SET amount = 9000000000000001": "in_bounds",
    "UPDATE billing_payment SET rounding = 1000001": "in_bounds",
    "UPDATE billing_paymentline SET amount = 9000000000000001 WHERE kind = 'adjustment'":
    "in_bounds",
}  # fmt: skip


@pytest.mark.parametrize(("statement", "constraint"), SQL.items())
def test_the_database_holds_the_bounds_against_everybody(statement, constraint):
    blog = make_blog()
    make_price(blog.category, "10")
    make_count(blog, 1000)
    adjust(blog.author, "5")
    steps.build_batch(month=OCTOBER, at=AT)
    with (
        without_guards(),
        pytest.raises(IntegrityError, match=constraint),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def adjust(author, amount):
    adjustment = Adjustment(author=author, amount=Decimal(amount), reason="Agreed")
    return save_adjustment(adjustment=adjustment, by=make_user(), at=AT)


@pytest.mark.any_database
@pytest.mark.parametrize("amount", ["1000000000", "-1000000000"])
def test_an_adjustment_outside_its_bounds_is_refused_with_words(amount):
    with pytest.raises(InvalidAdjustment, match="less than 1,000,000,000"):
        adjust(make_user(), amount)


def test_a_sum_past_the_bounds_names_the_author_and_leaves_nothing_half_done():
    author = make_user(first_name="Ada", last_name="Example")
    blog = make_blog(author=author, title="Kernel diary")
    make_price(blog.category, "999999999.999")
    make_count(blog, 1_000_000)
    with pytest.raises(AmountTooLarge) as refusal:
        steps.build_batch(month=OCTOBER, at=AT)
    assert str(refusal.value) == (
        "Ada Example would get €999,999,999,999.00 for 1,000,000 views of “Kernel diary”. A "
        "payment holds at most €9,000,000,000.00. Correct the price or the adjustment that is "
        "wrong, and build again."
    )
    assert not any(model.objects.exists() for model in (PayoutBatch, Payment, PaymentLine))


def test_the_largest_payment_is_built_and_adds_up():
    blog = make_blog()
    make_price(blog.category, "999999999.999")
    make_count(blog, 9_000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert str(batch.payments.get().amount) == "8999999999.990000"


@pytest.mark.thorough
def test_a_batch_past_its_bounds_is_refused(monkeypatch):
    monkeypatch.setattr(bounds, "LARGEST_BATCH", Decimal(19))
    for _ in range(2):
        blog = make_blog()
        make_price(blog.category, "10")
        make_count(blog, 1000)
    with pytest.raises(AmountTooLarge, match=r"The lines of October 2026 add up to €20\.00"):
        steps.build_batch(month=OCTOBER, at=AT)
    assert not PayoutBatch.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("MINIMUM_PAYOUT", "0", []),
        ("MINIMUM_PAYOUT", "999999999.999999", []),
        ("MINIMUM_PAYOUT", "-1", ["billing.E005"]),
        ("MINIMUM_PAYOUT", "NaN", ["billing.E005"]),
        ("MINIMUM_PAYOUT", "Infinity", ["billing.E005"]),
        ("MINIMUM_PAYOUT", "0.0000001", ["billing.E005"]),
        ("SECOND_APPROVAL_ABOVE", "Infinity", []),
        ("SECOND_APPROVAL_ABOVE", "-1", ["billing.E005"]),
        ("SECOND_APPROVAL_ABOVE", "NaN", ["billing.E005"]),
    ],
)
def test_limits_are_amounts_that_a_batch_can_store(name, value, found, settings):
    setattr(settings, name, Decimal(value))
    assert [error.id for error in check_limits(None)] == found


@pytest.mark.any_database
def test_a_field_takes_no_more_than_its_column():
    field = AmountField()
    assert field.get_prep_value(Decimal("9223372036854.775807")) == 2**63 - 1
    with pytest.raises(ValidationError, match="too large"):
        field.get_prep_value(Decimal("-9223372036854.775808"))
