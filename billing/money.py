"""Money: Decimal in Python, whole millionths of the currency unit in the database. No float."""

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, get_currency_precision
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

MILLION = 1_000_000


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
        """Return millionths as int. Raises ValidationError for a float or a seventh decimal."""
        value = models.Field.get_prep_value(self, value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        millionths = self.to_python(value) * MILLION
        if millionths != int(millionths):
            raise ValidationError("An amount has at most six decimals.", code="decimals")
        return int(millionths)

    def get_db_prep_value(self, value, connection, prepared=False):
        return value if prepared else self.get_prep_value(value)

    def get_db_prep_save(self, value, connection):
        return value if hasattr(value, "as_sql") else self.get_prep_value(value)


def in_millionths(field: str) -> models.ExpressionWrapper:
    """Return the expression for an AmountField's stored integer."""
    return models.ExpressionWrapper(models.F(field), output_field=models.BigIntegerField())


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


def round_amount(amount: Decimal) -> Decimal:
    """Round to what can be paid out in the currency, half up (Regulation (EC) 1103/97, Art. 5)."""
    return amount.quantize(Decimal(1).scaleb(-currency_decimals()), rounding=ROUND_HALF_UP)


def currency_decimals() -> int:
    """Return the decimal places of the currency by ISO 4217: 2 for EUR, 0 for JPY."""
    return get_currency_precision(settings.CURRENCY)


def format_amount(amount: Decimal, *, currency: str | None = None, exact: bool = False) -> str:
    """Return the amount as people read it, such as €1,234.50; `exact` shows all its decimals."""
    shown = amount.normalize() if exact else amount
    decimals = max(currency_decimals(), -int(shown.as_tuple().exponent) if exact else 0)
    pattern = f"¤#,##0.{'0' * decimals}" if decimals else "¤#,##0"
    return format_currency(
        amount, currency or settings.CURRENCY, pattern, locale="en_GB", currency_digits=False
    )
