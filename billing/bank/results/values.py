"""Values of ISO 20022 as Python has them, whatever the version calls them."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from billing.bank.results.registry import refuse


def plain(value: Any) -> str:
    """Return the code of an enumeration, of a choice of codes, or of a text."""
    value = getattr(value, "cd", None) or getattr(value, "prtry", None) or value
    return str(getattr(value, "value", value) or "").strip()


def date_of(value: Any) -> dt.date | None:
    """Return the day of a date, a moment or a choice of both, as the bank writes it."""
    value = getattr(value, "dt", None) or getattr(value, "dt_tm", None) or value
    year = getattr(value, "year", None)
    return dt.date(year, value.month, value.day) if year else None


def amount_of(given: Any) -> Decimal | None:
    """Return the number of an amount with its currency. Raises ValueError for NaN and the like."""
    if given is None:
        return None
    if not given.value.is_finite():
        raise ValueError(f"“{given.value}” is no amount")
    return given.value


@contextmanager
def reading(line: int) -> Iterator[None]:
    """Refuse the file, and name the line, where a value is none: a day, a number, a status."""
    try:
        yield
    except (ValueError, ArithmeticError) as error:
        refuse([f"Line {line:,}: {error}. Get the file from the bank again."])
