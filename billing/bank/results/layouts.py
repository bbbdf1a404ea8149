"""Tables of banks with columns of their own: people say once which column is what.

The choice is kept for the house, for all tables with the same header. Start with read_table.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation

from django.contrib.auth.models import User
from django.db.models import TextChoices
from django.utils import timezone

from billing.bank.results.csv import Table, is_header
from billing.bank.results.registry import PENDING, ResultRow, refuse
from billing.models import BankTable
from billing.proof.digests import encode_canonical

OWN_REFERENCE = re.compile(r"\d{6}-\d+-\d+")
SAMPLE_ROWS = 6


class Role(TextChoices):
    """What a column can be for."""

    REFERENCE = "reference", "Our reference of the payment"
    OUTCOME = "outcome", "What became of it"
    REASON = "reason", "Why it failed"
    AMOUNT = "amount", "Amount"
    CURRENCY = "currency", "Currency"
    VALUE_DATE = "value_date", "Day on which the money moved"
    BANK_REFERENCE = "bank_reference", "The bank’s reference"


class DayOrder(TextChoices):
    ISO = "iso", "2026-11-30"
    DAY_FIRST = "day_first", "30.11.2026 or 30/11/2026"
    MONTH_FIRST = "month_first", "11/30/2026"


class DecimalMark(TextChoices):
    POINT = ".", "1,234.56"
    COMMA = ",", "1.234,56"


@dataclass(frozen=True)
class Layout:
    """Which column (1 and up) is what, and how it is written. Words are in small letters."""

    columns: dict[str, int]
    paid: list[str] = field(default_factory=lambda: ["paid"])
    failed: list[str] = field(default_factory=lambda: ["failed"])
    pending: list[str] = field(default_factory=list)
    day_order: str = DayOrder.ISO
    decimal_mark: str = DecimalMark.POINT


def read_header(table: Table) -> list[str]:
    """Return the header of a table with columns of its own; empty for our own three columns."""
    _, cells = table[0] if table else (0, [])
    if is_header(cells) or len(cells) < 2 or OWN_REFERENCE.fullmatch(cells[0]):
        return []
    return [cell[:200] for cell in cells]


def find_layout(header: list[str]) -> Layout | None:
    """Return what was chosen for the header last, if anything was. One query."""
    latest = BankTable.objects.filter(header_sha256=_hash(header)).first()
    return Layout(**latest.choices) if latest else None


def keep_layout(
    *, header: list[str], layout: Layout, by: User, at: dt.datetime | None = None
) -> BankTable:
    """Keep the choice for the next table with this header, if it is another than before."""
    choices = asdict(layout)
    latest = BankTable.objects.filter(header_sha256=_hash(header)).first()
    if latest and latest.choices == choices:
        return latest
    return BankTable.objects.create(
        header=header,
        header_sha256=_hash(header),
        choices=choices,
        by=by,
        at=at or timezone.now(),
    )


def read_table(table: Table, layout: Layout) -> list[ResultRow]:
    """Return the rows below the header. Raises InvalidResults, which names each wrong cell."""
    rows: list[ResultRow] = []
    problems: list[str] = []
    for number, cells in table[1:]:
        try:
            rows.append(_read_row(number, cells, layout))
        except ValueError as error:
            problems.append(f"Row {number:,}: {error}")
    refuse(problems)
    return rows


def read_sample(table: Table) -> list[list[str]]:
    """Return the first rows of a table, the header among them."""
    return [cells for _, cells in table[:SAMPLE_ROWS]]


def _hash(header: list[str]) -> str:
    return hashlib.sha256(encode_canonical(header).encode()).hexdigest()


def _read_row(number: int, cells: list[str], layout: Layout) -> ResultRow:
    values = dict(_pick(cells, layout))
    outcome = _read_outcome(values.get(Role.OUTCOME, ""), layout)
    day, amount = values.get(Role.VALUE_DATE), values.get(Role.AMOUNT)
    return ResultRow(
        number=number,
        reference=values.get(Role.REFERENCE, ""),
        outcome=outcome,
        reason=values.get(Role.REASON, "") if outcome == "failed" else "",
        amount=_read_amount(amount, layout) if amount else None,
        currency=values.get(Role.CURRENCY, "").upper(),
        value_date=_read_day(day, layout) if day else None,
        bank_reference=values.get(Role.BANK_REFERENCE, ""),
    )


def _pick(cells: list[str], layout: Layout) -> Iterator[tuple[str, str]]:
    for role, column in layout.columns.items():
        if column > len(cells):
            raise ValueError(
                f"there are {len(cells)} columns, and column {column} should be "
                f"“{Role(role).label}”. The row breaks off, or has another form."
            )
        yield role, cells[column - 1]


def _read_outcome(word: str, layout: Layout) -> str:
    for outcome, words in (
        ("paid", layout.paid), ("failed", layout.failed), (PENDING, layout.pending)
    ):  # fmt: skip
        if word.lower() in words:
            return outcome
    raise ValueError(f"nobody said whether “{word[:100]}” means paid, failed or on its way.")


def _read_amount(text: str, layout: Layout) -> Decimal:
    mark = layout.decimal_mark
    other = "." if mark == "," else ","
    digits = re.sub(r"[\s'’]", "", text)
    if not re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{other}?\d{{3}})*(?:\{mark}\d{{1,6}})?", digits):
        raise ValueError(f"“{text[:50]}” is no amount as {DecimalMark(mark).label}.")
    try:
        # Some banks list what leaves the account with a minus.
        return abs(Decimal(digits.replace(other, "").replace(mark, ".")))
    except InvalidOperation as error:
        raise ValueError(f"“{text[:50]}” is no amount.") from error


def _read_day(text: str, layout: Layout) -> dt.date:
    """Return the day; a time after it is left out."""
    order = DayOrder(layout.day_order)
    numbers = re.match(r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})(?:[T ].*)?$", text)
    try:
        first, second, third = (int(number) for number in numbers.groups())  # type: ignore[union-attr]
        if order == DayOrder.ISO:
            return dt.date(first, second, third)
        day, month = (first, second) if order == DayOrder.DAY_FIRST else (second, first)
        return dt.date(third, month, day)
    except (AttributeError, ValueError):
        raise ValueError(f"“{text[:50]}” is no day as {order.label}.") from None
