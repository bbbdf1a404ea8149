"""Money: Decimal in Python, whole millionths of the currency unit in the database. No float."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
    list_currencies,
)
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from iso4217 import Currency

MILLION = 1_000_000
MOST_MILLIONTHS = 2**63 - 1
ISO_DECIMALS = {currency.value: currency.exponent for currency in Currency}
SYMBOLS = "en_US"  # the locale of amounts: $ and ¥ as their countries write them, CA$ and A$ beside


# Within these bounds no sum of a batch passes 2^63 millionths, where SQLite and bigint end.
ENTRIES_BELOW = Decimal(1_000_000_000)  # prices, adjustments and minimums, without their sign
LARGEST_AMOUNT = Decimal(9_000_000_000)  # of a line or a payment; a thousandfold still fits
LARGEST_BATCH = Decimal(1_000_000_000_000)  # of all lines together, each without its sign


class AmountField(models.DecimalField):
    """An exact amount, up to nine digits before the point and six after, kept as a big integer.

    SUM over a DECIMAL column is a float on SQLite; over integers it is exact on every database.
    """

    description = "Exact amount in millionths"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_digits", 15)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(*args, **kwargs)

    def get_internal_type(self):
        return "BigIntegerField"

    def from_db_value(self, value, expression, connection):
        if value is None:
            return None
        amount = Decimal(int(value)).scaleb(-6)
        shorter = amount.quantize(Decimal(1).scaleb(-self.decimal_places))
        return shorter if shorter == amount else amount

    def to_python(self, value):
        if isinstance(value, float):
            raise ValidationError("An amount is never a float.", code="float")
        return super().to_python(value)

    def get_prep_value(self, value):
        """Return millionths as int.

        Raises ValidationError for a float, too many decimals, or more than a column holds.
        """
        value = models.Field.get_prep_value(self, value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        millionths = self.to_python(value) * MILLION
        if not -MOST_MILLIONTHS <= millionths <= MOST_MILLIONTHS:
            raise ValidationError("This amount is too large to be stored.", code="too_large")
        if millionths % 10 ** (6 - self.decimal_places):
            words = {3: "three", 6: "six"}
            raise ValidationError(
                f"An amount has at most {words[self.decimal_places]} decimals here.",
                code="decimals",
            )
        return int(millionths)

    def get_db_prep_value(self, value, connection, prepared=False):
        return value if prepared else self.get_prep_value(value)

    def get_db_prep_save(self, value, connection):
        return value if hasattr(value, "as_sql") else self.get_prep_value(value)


def is_storable(amount: Decimal, *, below: Decimal = ENTRIES_BELOW) -> bool:
    """Whether an AmountField takes an amount of zero or more."""
    return amount.is_finite() and 0 <= amount < below and amount.scaleb(6) % 1 == 0


class CurrencyField(models.CharField):
    """The currency of an amount, by its three letters in ISO 4217. A new row gets the house's.

    Histories from before it was stored have none: `earlier` is what stands there.
    """

    description = "Currency by ISO 4217"
    earlier = ""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 3)
        kwargs.setdefault("default", house_currency)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)


def in_whole_numbers(expression: Any) -> models.ExpressionWrapper:
    """Return an expression over millionths that compares as an integer."""
    return models.ExpressionWrapper(expression, output_field=models.BigIntegerField())


def in_millionths(field: str) -> models.ExpressionWrapper:
    """Return the expression for an AmountField's stored integer."""
    return in_whole_numbers(models.F(field))


def to_millionths(amount: Decimal) -> int:
    return int(Decimal(amount).scaleb(6))


def from_millionths(millionths: int) -> Decimal:
    return Decimal(millionths).scaleb(-6)


def line_amount(*, views: int, price_per_1000: Decimal) -> Decimal:
    """Return the exact price of `views`, in currency units. Prices have at most three decimals."""
    return Decimal(views) * price_per_1000 / 1000


def line_millionths(*, views: int, price_per_1000: int) -> int:
    """Return the exact price of `views`, both in millionths. A price has at most three decimals."""
    return views * price_per_1000 // 1000


def round_amount(amount: Decimal, *, currency: str, decimals: int | None = None) -> Decimal:
    """Round to what can be paid out in the currency, half up (Regulation (EC) 1103/97, Art. 5).

    `decimals` are those that a batch has stored.
    """
    places = currency_decimals(currency) if decimals is None else decimals
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def house_currency() -> str:
    """Return the currency of what is entered and built now. What is stored keeps its own."""
    return settings.CURRENCY


def is_currency(code: str) -> bool:
    """Whether people are paid in it, now or until ISO withdrew it. Gold and test codes are none."""
    if code in ISO_DECIMALS:
        return ISO_DECIMALS[code] is not None
    return code in list_currencies()


def currency_decimals(currency: str) -> int:
    """Return the decimal places of the currency by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD.

    CLDR, and so Babel, says how prices are written in shops: 0 for RSD, where banks pay 2. It
    answers only for currencies that ISO has withdrawn.
    """
    decimals = ISO_DECIMALS.get(currency)
    return get_currency_precision(currency) if decimals is None else decimals


def format_amount(amount: Decimal, *, currency: str, exact: bool = False) -> str:
    """Return the amount as people read it, such as €1,234.50; `exact` shows all its decimals.

    Without a currency, as in histories from before it was stored, the number stands alone.
    """
    shown = amount.normalize() if exact else amount
    least = currency_decimals(currency) if currency else 2
    decimals = max(least, -int(shown.as_tuple().exponent) if exact else 0)
    pattern = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    if not currency:
        return format_decimal(amount, pattern, locale=SYMBOLS)
    is_word = get_currency_symbol(currency, locale=SYMBOLS)[-1].isalpha()
    symbol = "¤\N{NO-BREAK SPACE}" if is_word else "¤"
    return format_currency(
        amount, currency, symbol + pattern, locale=SYMBOLS, currency_digits=False
    )


def format_amounts(amounts: Mapping[str, Decimal]) -> str:
    """Return sums of several currencies, rounded, beside each other: they are never added up."""
    amounts = amounts or {house_currency(): Decimal(0)}
    return " + ".join(
        format_amount(round_amount(amount, currency=currency), currency=currency)
        for currency, amount in sorted(amounts.items())
    )
