"""Pages of lists of millions of rows: none is counted, none is skipped over, none is shown twice.

A page is told by the row that it follows, never by a number: `after` or `before` the values by
which that row is sorted. So rows that are added meanwhile move nothing, and the last page costs
what the first one costs, as long as an index has the columns of the order.

How to use it:

    order = Order.of(BlogView, ["-day", "-viewed_at", "-pk"])   # never NULL, unique together
    page = fetch_page([views], order=order, position=request.GET.get("p", ""), per_page=50)
    page.rows, page.has_next, page.next_position, page.has_previous, page.previous_position

`position` comes from an address: whatever fetch_page did not write itself raises WrongPosition.
The admin's lists get all of that from backoffice.big_lists.BigListAdmin.

Several querysets are one list, as a UNION of which each gives no more than a page: they hold rows
of values, as of .values_list(), that begin with the columns of the order in their order. A column
that is no field of a model needs a field: Order({"-at": DateTimeField(), "-pk": AutoField()}).
Their columns that hold text need the same collation, and each queryset an index of its own.
`count_up_to` counts the rows of a list as far as anybody reads on.
"""

import base64
import binascii
import datetime as dt
import itertools
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.db import connections, models
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

MOST_COUNTED = 10_000
FIRST, LAST, AFTER, BEFORE = "", "last", "after.", "before."
LONGEST_POSITION = 2_000
LONGEST_TEXT = 1_000
NUMBERS = range(-(2**63), 2**63)
YEARS = range(1000, 9000)  # beyond them, a moment overflows in some time zone


class WrongPosition(ValueError):
    """No page of this list was ever there."""


class Order:
    """The columns by which a list is sorted, as order_by takes them, each with its field."""

    def __init__(self, columns: dict[str, models.Field]):
        self.names = list(columns)
        self.fields = list(columns.values())

    @classmethod
    def of(cls, model: type[models.Model], names: Sequence[str]) -> "Order":
        return cls({name: _find_field(model, name.lstrip("-")) for name in names})

    def turned(self) -> "Order":
        return Order(dict(zip(map(turn, self.names), self.fields, strict=True)))

    def read_values(self, row: Any) -> list:
        if isinstance(row, tuple):
            return list(row[: len(self.names)])
        return [reduce(getattr, name.lstrip("-").split("__"), row) for name in self.names]

    def find_beyond(self, values: Sequence) -> list[Q]:
        """Return conditions for what comes after a row, the nearest rows first.

        Columns of one direction are compared at once, (a, b) > (1, 2), for which an index is
        enough. Where the direction turns, the rows that are equal up to there come first.
        """
        columns = list(zip(self.names, self.fields, values, strict=True))
        runs = [list(run) for _, run in itertools.groupby(columns, lambda c: c[0][0] == "-")]
        stages = []
        for number, run in reversed(list(enumerate(runs))):
            same = {
                name.lstrip("-"): value
                for name, _, value in itertools.chain.from_iterable(runs[:number])
            }
            stages.append(Q(**same) & Q(_Beyond(run)))
        return stages

    def write(self, row: Any) -> str:
        """Return the values of a row as an address takes them."""
        values = [_to_json(value) for value in self.read_values(row)]
        text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def parse(self, text: str) -> list:
        """Return the values that `write` wrote. Raises WrongPosition."""
        if len(text) > LONGEST_POSITION:
            raise WrongPosition
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            raise WrongPosition from None
        if not isinstance(values, list) or len(values) != len(self.fields):
            raise WrongPosition
        return [_parse(field, value) for field, value in zip(self.fields, values, strict=True)]


def turn(name: str) -> str:
    """Return a column of an order in the other direction."""
    return name[1:] if name.startswith("-") else f"-{name}"


@dataclass(frozen=True, kw_only=True)
class KeysetPage:
    rows: list
    order: Order
    has_previous: bool
    has_next: bool

    @property
    def next_position(self) -> str:
        return f"{AFTER}{self.order.write(self.rows[-1])}" if self.has_next else ""

    @property
    def previous_position(self) -> str:
        return f"{BEFORE}{self.order.write(self.rows[0])}" if self.has_previous else ""

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


def fetch_page(
    querysets: Sequence[QuerySet], *, order: Order, position: str = "", per_page: int
) -> KeysetPage:
    """Return a page of the rows of all `querysets`, sorted by `order`. Raises WrongPosition.

    A queryset costs one query, two where the order turns its direction once. Several cost as
    many on PostgreSQL, and on SQLite so many each.
    """
    if position in (FIRST, "1"):
        rows = _fetch(querysets, order, [Q()], per_page + 1)
        has_next = len(rows) > per_page
        return KeysetPage(rows=rows[:per_page], order=order, has_previous=False, has_next=has_next)
    if position == LAST:
        rows = _fetch(querysets, order.turned(), [Q()], per_page + 1)
        has_previous = len(rows) > per_page
        rows = rows[:per_page][::-1]
        return KeysetPage(rows=rows, order=order, has_previous=has_previous, has_next=False)
    if position.startswith(AFTER):
        values = order.parse(position.removeprefix(AFTER))
        rows = _fetch(querysets, order, order.find_beyond(values), per_page + 1)
        if rows:
            has_next = len(rows) > per_page
            return KeysetPage(
                rows=rows[:per_page], order=order, has_previous=True, has_next=has_next
            )
        return fetch_page(querysets, order=order, position=LAST, per_page=per_page)
    if position.startswith(BEFORE):
        turned = order.turned()
        values = order.parse(position.removeprefix(BEFORE))
        rows = _fetch(querysets, turned, turned.find_beyond(values), per_page + 1)
        if len(rows) > per_page:
            rows = rows[:per_page][::-1]
            return KeysetPage(rows=rows, order=order, has_previous=True, has_next=True)
        # Rows that came meanwhile stand before: the first page is a whole one.
        return fetch_page(querysets, order=order, position=FIRST, per_page=per_page)
    raise WrongPosition


def count_up_to(queryset: QuerySet, most: int = MOST_COUNTED) -> int:
    """Return the number of rows, or `most` + 1 if there are more. It reads no further."""
    return queryset.order_by().values("pk")[: most + 1].count()


class _Beyond(Func):
    """Whether a row's columns come after values: (a, b) > (1, 2), compared from left to right."""

    output_field = BooleanField()

    def __init__(self, run: list[tuple[str, models.Field, Any]]):
        self.sign = "<" if run[0][0].startswith("-") else ">"
        self.width = len(run)
        columns = [F(name.lstrip("-")) for name, _, _ in run]
        values = [Value(value, output_field=field) for _, field, value in run]
        super().__init__(*columns, *values)

    def as_sql(self, compiler, connection, **context):
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        texts = [text for text, _ in parts]
        left, right = ", ".join(texts[: self.width]), ", ".join(texts[self.width :])
        return f"({left}) {self.sign} ({right})", [p for _, params in parts for p in params]


def _fetch(querysets, order, stages, limit):
    """Return the first rows of the stages, each of which begins where the one before ends."""
    rows: list = []
    for stage in stages:
        if len(rows) < limit:
            rows += _fetch_stage(querysets, order, stage, limit - len(rows))
    return rows


def _fetch_stage(querysets, order, stage, limit):
    parts = [rows.filter(stage).order_by(*order.names)[:limit] for rows in querysets]
    first, *others = parts
    if not others:
        return list(first)
    if connections[first.db].features.supports_slicing_ordering_in_compound:
        # Not UNION ALL: a row that two of them hold is one row.
        return list(first.union(*others).order_by(*order.names)[:limit])
    rows = list(dict.fromkeys(itertools.chain.from_iterable(parts)))
    for number, name in reversed(list(enumerate(order.names))):
        rows.sort(key=lambda row, number=number: row[number], reverse=name.startswith("-"))
    return rows[:limit]


def _find_field(model, path):
    return model._meta.pk if path == "pk" else get_fields_from_path(model, path)[-1]


def _to_json(value):
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value if isinstance(value, int | str) else str(value)


def _parse(field, value):
    """Return the value as the field holds it. What no row could hold is asked of no database."""
    if type(value) not in (int, str) or (isinstance(value, str) and _is_odd(value)):
        raise WrongPosition
    try:
        parsed = field.to_python(value)
    except (ValidationError, ValueError, TypeError, OverflowError):
        raise WrongPosition from None
    is_odd_number = isinstance(parsed, int) and parsed not in NUMBERS
    is_odd_day = isinstance(parsed, dt.date) and parsed.year not in YEARS
    is_naive = isinstance(parsed, dt.datetime) and parsed.tzinfo is None
    if parsed is None or is_odd_number or is_odd_day or is_naive:
        raise WrongPosition
    if isinstance(field, models.UUIDField) and not isinstance(parsed, uuid.UUID):
        raise WrongPosition
    return parsed


def _is_odd(text):
    return "\0" in text or len(text) > LONGEST_TEXT or any("\ud800" <= c <= "\udfff" for c in text)
