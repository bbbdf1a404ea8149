"""Months, days and amounts as people type them into a search: “Oct 2026”, “1.10.2026”, “66,09”."""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache

from babel.dates import get_month_names

from billing.periods import END_YEAR, FIRST_YEAR, month_of
from weblog.folding import fold

LANGUAGES = ("en", "de")  # those of statements
SHORTEST_NAME = 3
YEARS_BACK = 3  # of a month without a year
MOST_CHARACTERS = 40
SPACES = re.compile(r"[\s'’\u202f\u00a0]+")
BEFORE = re.compile(r"^(?:[A-Z]{3}|[A-Z]{0,2}[^\w\s.,+-]{1,3})(?=[\d+-])")
AFTER = re.compile(r"(?<=[\d.,])(?:[A-Z]{2,3}|[^\w\s.,]{1,3})$")
NUMBER = re.compile(r"[+-]?\d[\d.,]*")
DECIMALS, DIGITS = 6, 9  # of an AmountField

YEAR_AND_MONTH = re.compile(r"(\d{4})[-/. ]?(\d{1,2})")
MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/. ](\d{4})")
NAMED = re.compile(r"(?:(\d{4}) )?([^\W\d]{3,})\.?,?(?: (\d{4}))?")
ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
DAY_AND_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? ?([^\W\d]{3,})\.?,? (\d{4})")
NAME_AND_DAY = re.compile(r"([^\W\d]{3,})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")


def read_months(text: str, *, today: dt.date) -> list[dt.date]:
    """Return the months that `text` names, the latest first: of a day, the day's.

    A name without a year is the last three that have begun. Nothing else is a month.
    """
    text = fold(text[:MOST_CHARACTERS])
    if day := read_day(text):
        return [month_of(day)]
    if found := YEAR_AND_MONTH.fullmatch(text):
        return _months(int(found[1]), int(found[2]))
    if found := MONTH_AND_YEAR.fullmatch(text):
        return _months(int(found[2]), int(found[1]))
    found = NAMED.fullmatch(text)
    number = _number(found[2]) if found else None
    if found is None or number is None or (found[1] and found[3]):
        return []
    if year := found[1] or found[3]:
        return _months(int(year), number)
    latest = today.year if number <= today.month else today.year - 1
    return [month for back in range(YEARS_BACK) for month in _months(latest - back, number)]


def read_day(text: str) -> dt.date | None:
    """Return the day that `text` names, with the day before the month as in the house."""
    text = fold(text[:MOST_CHARACTERS])
    if found := ISO_DAY.fullmatch(text):
        return _day(found[1], found[2], found[3])
    if found := DAY_FIRST.fullmatch(text):
        return _day(found[3], found[2], found[1])
    if found := DAY_AND_NAME.fullmatch(text):
        return _day(found[3], _number(found[2]), found[1])
    if found := NAME_AND_DAY.fullmatch(text):
        return _day(found[3], _number(found[1]), found[2])
    return None


def read_amounts(text: str) -> list[Decimal]:
    """Return the amounts that `text` may mean, without a currency. 1,234 is two of them."""
    text = SPACES.sub("", text[:MOST_CHARACTERS]).replace("−", "-").upper()
    sign = "-" if text.startswith("-") else ""
    text = AFTER.sub("", BEFORE.sub("", text.lstrip("+-")))
    if not NUMBER.fullmatch(text):
        return []
    amounts = (Decimal(sign + plain) for plain in _read_number(text.lstrip("+")))
    return [amount for amount in dict.fromkeys(amounts) if _is_storable(amount)]


def _read_number(text):
    signs = [sign for sign in text if sign in ".,"]
    if not signs:
        return [text]
    last = signs[-1]
    whole, _, end = text.rpartition(last)
    readings = []
    other = "," if last == "." else "."
    if last not in whole and _is_grouped(whole, other):
        readings.append(f"{whole.replace(other, '')}.{end or '0'}")
    if len(set(signs)) == 1 and _is_grouped(text, last):
        readings.append(text.replace(last, ""))
    return readings


def _is_grouped(text, sign):
    first, *groups = text.split(sign)
    return (
        first.lstrip("-").isdecimal()
        and all(len(group) == 3 and group.isdecimal() for group in groups)
        and (not groups or len(first) <= 3)
    )


def _is_storable(amount):
    return amount.adjusted() < DIGITS and -int(amount.normalize().as_tuple().exponent) <= DECIMALS


def _months(year, month):
    day = _day(year, month, 1)
    return [day] if day else []


def _day(year, month, day):
    try:
        date = dt.date(int(year), int(month), int(day))
    except (TypeError, ValueError):
        return None
    return date if FIRST_YEAR <= date.year < END_YEAR else None


def _number(name):
    """Return the number of a month by its name or the start of it, if no other starts so."""
    found = {number for known, number in _names() if known.startswith(name)}
    return found.pop() if len(found) == 1 and len(name) >= SHORTEST_NAME else None


@lru_cache(maxsize=1)
def _names():
    return [
        (fold(name).rstrip("."), number)
        for language in LANGUAGES
        for number, name in get_month_names("wide", locale=language).items()
    ] + [("sept", 9)]
