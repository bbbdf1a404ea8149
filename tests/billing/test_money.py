from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models

from billing.models import CategoryPrice
from billing.money import (
    ENTRIES_BELOW,
    LARGEST_AMOUNT,
    LARGEST_BATCH,
    AmountField,
    CurrencyField,
    format_amount,
    format_amounts,
    from_millionths,
    is_currency,
    is_storable,
    line_amount,
    line_millionths,
    round_amount,
    to_millionths,
)
from tests.factories import make_category, make_price

pytestmark = pytest.mark.postgresql


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


@pytest.mark.any_database
def test_float_and_seventh_decimal_are_refused():
    with pytest.raises(ValidationError, match="never a float"):
        AmountField().get_prep_value(1.5)
    with pytest.raises(ValidationError, match="at most six decimals"):
        AmountField().get_prep_value(Decimal("0.0000001"))


@pytest.mark.any_database
def test_line_amount_is_exact():
    assert line_amount(views=7, price_per_1000=Decimal("0.333")) == Decimal("0.002331")
    assert line_amount(views=-7, price_per_1000=Decimal("10")) == Decimal("-0.07")


def test_amount_is_read_with_the_decimals_of_its_field_or_with_all_that_it_has():
    price = AmountField(decimal_places=3)
    assert str(price.from_db_value(12_345_000, None, None)) == "12.345"
    assert str(price.from_db_value(12_345_678, None, None)) == "12.345678"
    assert str(AmountField().from_db_value(12_345_000, None, None)) == "12.345000"
    assert price.from_db_value(None, None, None) is None


def test_column_takes_what_fits_into_63_bits_and_no_millionth_more():
    field = AmountField()
    assert field.get_prep_value(Decimal("9223372036854.775807")) == 9_223_372_036_854_775_807
    assert field.get_prep_value(Decimal("-9223372036854.775807")) == -9_223_372_036_854_775_807
    for amount in ("9223372036854.775808", "-9223372036854.775808"):
        with pytest.raises(ValidationError, match="too large to be stored"):
            field.get_prep_value(Decimal(amount))


def test_amount_is_prepared_once():
    field = AmountField()
    assert field.get_db_prep_value(Decimal("1.5"), connection) == 1_500_000
    assert field.get_db_prep_value(1_500_000, connection, prepared=True) == 1_500_000


def test_nothing_and_expressions_are_prepared_as_they_are():
    column = models.F("price_per_1000")
    assert AmountField().get_prep_value(None) is None
    assert AmountField().get_prep_value(column) is column


def test_price_has_three_decimals_and_no_fourth():
    field = AmountField(decimal_places=3)
    assert field.get_prep_value(Decimal("0.001")) == 1000
    with pytest.raises(ValidationError, match="at most three decimals"):
        field.get_prep_value(Decimal("0.0001"))


def test_amount_has_nine_digits_before_the_point_and_six_after():
    field = AmountField()
    assert field.clean(Decimal("999999999.999999"), None) == Decimal("999999999.999999")
    for amount in ("1000000000", "0.0000001"):
        with pytest.raises(ValidationError):
            field.clean(Decimal(amount), None)


@pytest.mark.parametrize(
    ("amount", "fits"),
    [
        ("0", True),
        ("0.000001", True),
        ("999999999.999999", True),
        ("1000000000", False),
        ("0.0000001", False),
        ("-0.000001", False),
        ("NaN", False),
        ("Infinity", False),
    ],
)
def test_amount_that_can_be_entered_is_below_a_billion_in_whole_millionths(amount, fits):
    assert is_storable(Decimal(amount)) is fits


def test_bounds_leave_room_for_the_sums_of_a_batch():
    assert Decimal(1_000_000_000) == ENTRIES_BELOW
    assert Decimal(9_000_000_000) == LARGEST_AMOUNT
    assert Decimal(1_000_000_000_000) == LARGEST_BATCH


def test_currency_of_a_row_is_the_house_s_and_is_not_typed(settings):
    settings.CURRENCY = "JPY"
    field = CurrencyField()
    assert (field.max_length, field.get_default(), field.editable) == (3, "JPY", False)


def test_millionths_and_amounts_are_the_same_money():
    assert to_millionths(Decimal("-12.345678")) == -12_345_678
    assert from_millionths(-12_345_678) == Decimal("-12.345678")
    assert line_millionths(views=7, price_per_1000=333_000) == 2331


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.004999", "0.00"), ("0.005", "0.01"), ("1.015", "1.02"), ("2.025", "2.03")],
)
def test_half_a_cent_is_rounded_up(exact, rounded):
    assert round_amount(Decimal(exact), currency="EUR") == Decimal(rounded)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("currency", "exact", "rounded", "shown"),
    [
        ("JPY", "1234.5", "1235", "¥1,235"),
        ("EUR", "35.955", "35.96", "€35.96"),
        ("KWD", "35.9555", "35.956", "KWD 35.956"),
        ("IQD", "35.9555", "35.956", "IQD 35.956"),
        ("RSD", "35.955", "35.96", "RSD 35.96"),
        ("CLF", "35.95555", "35.9556", "CLF 35.9556"),
        ("HRK", "35.955", "35.96", "HRK 35.96"),  # withdrawn: the euro came
    ],
)
def test_each_currency_has_its_decimals_by_iso_4217(currency, exact, rounded, shown, settings):
    settings.CURRENCY = "JPY" if currency == "EUR" else "EUR"
    amount = round_amount(Decimal(exact), currency=currency)
    assert str(amount) == rounded
    assert format_amount(amount, currency=currency).replace("\xa0", " ") == shown


@pytest.mark.any_database
def test_amount_is_shown_as_people_read_it():
    assert format_amount(Decimal("1234.5"), currency="EUR") == "€1,234.50"
    assert format_amount(Decimal("1.234567"), currency="EUR") == "€1.23"
    assert format_amount(Decimal("-0.015000"), currency="EUR", exact=True) == "-€0.015"
    assert format_amount(Decimal("2.000000"), currency="EUR", exact=True) == "€2.00"
    assert format_amount(Decimal("3"), currency="USD") == "$3.00"
    assert format_amount(Decimal("3"), currency="CAD") == "CA$3.00"


@pytest.mark.any_database
def test_amount_of_before_its_currency_was_stored_stands_alone():
    assert format_amount(Decimal("1234.5"), currency="") == "1,234.50"


@pytest.mark.any_database
def test_sums_of_two_currencies_stand_beside_each_other():
    sums = {"JPY": Decimal("30.4"), "EUR": Decimal("90.005")}
    assert format_amounts(sums) == "€90.01 + ¥30"
    assert format_amounts({}) == "€0.00"


@pytest.mark.any_database
def test_currency_is_one_that_people_are_paid_in():
    codes = ("EUR", "HRK", "eur", "XAU", "XTS", "XXX", "")
    assert [code for code in codes if is_currency(code)] == ["EUR", "HRK"]
