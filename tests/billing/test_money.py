from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models

from billing.models import CategoryPrice
from billing.money import AmountField, format_amount, line_amount, round_amount
from tests.factories import make_category, make_price


@pytest.mark.django_db
def test_amount_is_kept_as_whole_millionths():
    make_price(make_category(), "12.345")
    with connection.cursor() as cursor:
        cursor.execute("SELECT price_per_1000 FROM billing_categoryprice")
        assert cursor.fetchone() == (12_345_000,)


@pytest.mark.django_db
def test_sum_of_amounts_is_exact():
    make_price(make_category(), "0.001")
    make_price(make_category(), "0.002")
    total = CategoryPrice.objects.aggregate(total=models.Sum("price_per_1000"))["total"]
    assert total == Decimal("0.003")
    assert isinstance(total, Decimal)


@pytest.mark.django_db
def test_amounts_compare_in_queries():
    price = make_price(make_category(), "12.345")
    assert CategoryPrice.objects.get(price_per_1000=Decimal("12.345")) == price
    assert not CategoryPrice.objects.filter(price_per_1000__gt=Decimal("12.345")).exists()


def test_float_and_seventh_decimal_are_refused():
    with pytest.raises(ValidationError, match="never a float"):
        AmountField().get_prep_value(1.5)
    with pytest.raises(ValidationError, match="at most six decimals"):
        AmountField().get_prep_value(Decimal("0.0000001"))


def test_line_amount_is_exact():
    assert line_amount(views=7, price_per_1000=Decimal("0.333")) == Decimal("0.002331")
    assert line_amount(views=-7, price_per_1000=Decimal("10")) == Decimal("-0.07")


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.004999", "0.00"), ("0.005", "0.01"), ("1.015", "1.02"), ("2.025", "2.03")],
)
def test_half_a_cent_is_rounded_up(exact, rounded):
    assert round_amount(Decimal(exact)) == Decimal(rounded)


def test_currency_without_cents_is_rounded_to_whole_units(settings):
    settings.CURRENCY = "JPY"
    assert round_amount(Decimal("1234.5")) == Decimal(1235)
    assert format_amount(Decimal(1235)) == "JP¥1,235"


def test_amount_is_shown_as_people_read_it(settings):
    settings.CURRENCY = "EUR"
    assert format_amount(Decimal("1234.5")) == "€1,234.50"
    assert format_amount(Decimal("-0.015000"), exact=True) == "-€0.015"
    assert format_amount(Decimal("2.000000"), exact=True) == "€2.00"
    assert format_amount(Decimal("3"), currency="USD") == "US$3.00"
