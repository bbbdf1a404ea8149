"""The sums under lists of money: of all that a list is narrowed to, each currency by itself."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import F, QuerySet, Sum

from billing.money import format_amount

MOST_ROWS = 20_000  # that a page adds up in some hundredths of a second


def add_up(rows: QuerySet, *, currency: str, amounts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (label, sum) of each of `amounts`, {label: field}, that is not zero. Two queries.

    `currency` is the field that says in which one. Of too many rows, say so and add up none.
    """
    keys = rows.order_by().values("pk")
    if keys[MOST_ROWS : MOST_ROWS + 1].exists():
        return [("Total", f"Filter the list: totals are of at most {MOST_ROWS:,} rows.")]
    fields = {f"sum_{number}": Sum(field) for number, field in enumerate(amounts.values())}
    listed = rows.model._base_manager.filter(pk__in=keys).order_by()
    sums = list(listed.values(in_currency=F(currency)).annotate(**fields).order_by("in_currency"))
    totals = []
    for number, label in enumerate(amounts):
        parts = [(row["in_currency"], row[f"sum_{number}"] or Decimal(0)) for row in sums]
        texts = [format_amount(sum, currency=code, exact=True) for code, sum in parts if sum]
        if texts or number == 0:
            texts = texts or [format_amount(Decimal(0), currency=code) for code, _ in parts]
            totals.append((label, " + ".join(texts)))
    return totals
