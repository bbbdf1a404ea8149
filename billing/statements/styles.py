"""How a statement writes amounts, numbers and days: as its payee reads them.

Amounts and numbers follow the payee's language. Words and days follow it where there is a
translation, and are English otherwise, so that no sentence is half in one and half in another.
"""

import copy
import datetime as dt
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils import translation
from django.utils.translation import to_locale

from billing.money import currency_decimals, format_amount

TRANSLATED = ("en", "de")
HOUSE = "en-gb"


class Style:
    """The writing of one language, by its code in Django: de, en, pt-br."""

    def __init__(self, language: str):
        self.language = language or HOUSE
        self.locale = _find_locale(self.language)
        base = self.language.split("-")[0]
        self.words = base if base in TRANSLATED else "en"
        self.days = self.locale if base in TRANSLATED else Locale("en", "GB")

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Translate the words of this block."""
        with translation.override(HOUSE if self.words == "en" else self.words):
            yield

    def amount(self, amount: Decimal, currency: str, *, exact: bool = False) -> str:
        """Return the amount with its currency; `exact` shows all its decimals."""
        if self.locale.language == "en":
            return format_amount(amount, currency=currency, exact=exact)
        shown = amount.normalize() if exact else amount
        places = currency_decimals(currency)
        if exact:
            places = max(places, -int(shown.as_tuple().exponent))
        pattern = copy.copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (places, places)
        return pattern.apply(amount, self.locale, currency=currency, currency_digits=False)

    def signed(self, amount: Decimal, currency: str) -> str:
        return f"{'+' if amount > 0 else ''}{self.amount(amount, currency, exact=True)}"

    def number(self, number: int) -> str:
        return format_decimal(number, locale=self.locale)

    def day(self, day: dt.date) -> str:
        """Return the day as all pages of the house write it, or as German has it."""
        if self.words == "en":
            return f"{day:%-d %b %Y}"
        return format_date(day, "long", locale=self.days)

    def month(self, month: dt.date) -> str:
        return _write_month(month, self.days)


@functools.lru_cache(maxsize=100)
def keep_style(language: str) -> Style:
    """Return the writing of a language, made once: many mails are in the same one."""
    return Style(language)


@functools.lru_cache(maxsize=1_000)
def _write_month(month: dt.date, locale: Locale) -> str:
    return format_date(month, "LLLL y", locale=locale)


def _find_locale(language: str) -> Locale:
    try:
        return Locale.parse("en_GB" if language in ("en", HOUSE) else to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
