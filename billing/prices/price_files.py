"""Prices from an uploaded table: each row read, and what is wrong with it by row and column."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from django.core.exceptions import ValidationError

from backoffice.tables import Table, TableRefused
from billing.models import CategoryPrice
from billing.money import house_currency, is_storable
from billing.prices.price_plans import plan_rows
from weblog.models import Category

NEEDED = ["category", "effective_from", "price_per_1000"]
COLUMNS = [*NEEDED, "note"]
MOST_PRICES = 500
LONGEST_NOTE = 500


class FilePrice(NamedTuple):
    """A row's price; `was` is the one that holds on its first day now."""

    number: int
    price: CategoryPrice
    was: CategoryPrice | None


class PriceFile(NamedTuple):
    """What a table of prices says: new and changed prices, rows as they are, and problems."""

    prices: list[FilePrice]
    same: int
    problems: list[tuple[str, str]]


def read_prices(table: Table, *, note: str) -> PriceFile:
    """Read the rows. `note` is the reason of those that give none. Raises TableRefused."""
    headers = [(header or "").strip().lower() for header in table.dataset.headers or []]
    if missing := [name for name in NEEDED if name not in headers]:
        raise TableRefused(f"Row 1: a column is missing: {', '.join(missing)}.")
    if len(table.numbers) > MOST_PRICES:
        raise TableRefused(f"The file has more than {MOST_PRICES} rows. Split it.")
    categories = {}
    for category in Category.objects.all():
        categories[category.slug.lower()] = categories[category.name.lower()] = category
    rows, numbers, problems = [], [], []
    for number, cells in zip(table.numbers, table.dataset, strict=True):
        row = {name: (cell or "").strip() for name, cell in zip(headers, cells, strict=True)}
        found = list(_find_problems(row, categories))
        problems += [(f"Row {number}, {column}", text) for column, text in found]
        if not found:
            category = categories[row["category"].lower()]
            amount, day = Decimal(row["price_per_1000"]), read_day(row["effective_from"])
            rows.append((category.pk, day, amount, row.get("note") or note))
            numbers.append(number)
    planned = plan_rows(rows)
    prices = [
        FilePrice(number, price, _price_before(price))
        for number, price in zip(numbers, planned, strict=True)
        if price is not None
    ]
    return PriceFile(prices, planned.count(None), problems)


def read_day(text: str) -> dt.date:
    """Return the day of a cell; XLSX gives days with a time of zero. Raises ValueError."""
    return dt.date.fromisoformat(text.removesuffix("T00:00:00"))


def _find_problems(row: dict[str, str], categories: dict[str, Category]):
    """Yield (column, what is wrong)."""
    name = row["category"]
    if name.lower() not in categories:
        yield "category", f"There is no category “{name[:80]}”." if name else "Name the category."
    try:
        read_day(row["effective_from"])
    except ValueError:
        yield "effective_from", f"“{row['effective_from'][:40]}” is no day. Write it as 2026-12-31."
    if problem := _explain_amount(row["price_per_1000"]):
        yield "price_per_1000", problem
    currency = row.get("currency", "")
    if currency and currency != house_currency():
        yield "currency", f"New prices are in {house_currency()}, not in {currency[:10]}."
    if len(row.get("note", "")) > LONGEST_NOTE:
        yield "note", f"The note has more than {LONGEST_NOTE} letters."


def _explain_amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return f"“{text[:40]}” is no price. Write it as a number, such as 12.50."
    if not amount.is_finite() or not is_storable(amount):
        return "A price is zero or more, and less than 1,000,000,000."
    try:
        CategoryPrice._meta.get_field("price_per_1000").get_prep_value(amount)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _price_before(price: CategoryPrice) -> CategoryPrice | None:
    before = CategoryPrice.objects.filter(
        category=price.category_id, effective_from__lte=price.effective_from
    )
    return before.order_by("-effective_from").first()
