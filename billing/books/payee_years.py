"""What each payee was paid in a year: an agent or a company once, for all of its authors.

Whom a payment went to is read from the copy that was submitted and sealed with it, not from what is
known of the payee now. Payments from before there were payees stand under their author.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Max, Sum

from billing.books.years import ROWS_AT_A_TIME, paid_in_year
from billing.models import PaidPayee, Payment


class PayeeTotal(NamedTuple):
    """What one payee was paid in a year, for how many authors."""

    payee: int | None  # None: it is not known who got it for the author
    name: str  # as on the last payment
    country: str
    authors: int
    payments: int
    amount: Decimal


def list_payee_totals(year: int, currency: str) -> Iterator[PayeeTotal]:
    """Yield the payees by number, then authors without one. Their sum is that of the year."""
    paid = paid_in_year(year, currency).order_by()
    counts = {"payments": Count("pk"), "total": Sum("amount"), "last": Max("pk")}
    with_payee = paid.exclude(paid_payee=None).values("paid_payee__payee")
    rows = with_payee.annotate(authors=Count("author", distinct=True), **counts)
    yield from _read(rows.order_by("paid_payee__payee"), _name_payees)
    without = paid.filter(paid_payee=None).values("author")
    rows = without.annotate(authors=Count("author", distinct=True), **counts)
    yield from _read(rows.order_by("author"), _name_authors)


def count_payees(year: int, currency: str) -> int:
    """Return how many totals there are. Two queries."""
    paid = paid_in_year(year, currency).order_by()
    payees = paid.exclude(paid_payee=None).values("paid_payee__payee").distinct().count()
    return payees + paid.filter(paid_payee=None).values("author").distinct().count()


def _read(rows, name) -> Iterator[PayeeTotal]:
    portion: list[dict] = []
    for row in rows.iterator(ROWS_AT_A_TIME):
        portion.append(row)
        if len(portion) == ROWS_AT_A_TIME:
            yield from name(portion)
            portion = []
    yield from name(portion)


def _name_payees(rows: list[dict]) -> Iterator[PayeeTotal]:
    copies = PaidPayee.objects.filter(payment__in=[row["last"] for row in rows])
    names = {pk: (name, country) for pk, name, country in copies.values_list(
        "payment", "legal_name", "country"
    )}  # fmt: skip
    for row in rows:
        yield _total(row, row["paid_payee__payee"], *names[row["last"]])


def _name_authors(rows: list[dict]) -> Iterator[PayeeTotal]:
    payments = Payment.objects.filter(pk__in=[row["last"] for row in rows])
    names = dict(payments.values_list("pk", "author_name"))
    for row in rows:
        yield _total(row, None, names[row["last"]], "")


def _total(row: dict, payee: int | None, name: str, country: str) -> PayeeTotal:
    amount = Decimal(row["total"])
    return PayeeTotal(payee, name, country, row["authors"], row["payments"], amount)
