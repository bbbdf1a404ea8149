"""What each author was paid in a year, for the tax office: by what the bank made, on which day."""

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Max, OuterRef, Q, Subquery, Sum

from billing.books.parts import list_zones
from billing.models import Payment, PaymentResult

ROWS_AT_A_TIME = 2_000


class YearTotal(NamedTuple):
    """What one author was paid in a year."""

    author: int
    name: str  # as on the last payment
    username: str
    payments: int
    amount: Decimal


def paid_in_year(year: int, currency: str):
    """Return the payments that were made in the year, by the result that holds now.

    The day is that on which the bank moved the money; without one, that of the result. A payment
    that turned out not to be made is in no year, whenever that was found out.
    """
    results = PaymentResult.objects.filter(payment=OuterRef("pk")).order_by("-pk")
    payments = Payment.objects.filter(
        status=Payment.Status.PAID, batch__status__in=["approved", "paid"]
    ).filter(batch__currency=currency)
    in_year = Q(pk__in=[])
    for zone in list_zones():
        first, end = (
            dt.datetime(number, 1, 1, tzinfo=zoneinfo.ZoneInfo(zone)) for number in (year, year + 1)
        )
        in_year |= Q(batch__time_zone=zone, paid_at__gte=first, paid_at__lt=end)
    return payments.annotate(
        value_date=Subquery(results.values("value_date")[:1]),
        paid_at=Subquery(results.values("at")[:1]),
    ).filter(Q(value_date__year=year) | Q(value_date=None) & in_year)


def list_totals(year: int, currency: str) -> Iterator[YearTotal]:
    """Yield the total of each author who was paid, by user name. Memory holds a portion."""
    rows = (
        paid_in_year(year, currency)
        .order_by()
        .values("author", "author__username")
        .annotate(payments=Count("pk"), total=Sum("amount"), last=Max("pk"))
        .order_by("author__username", "author")
        .values_list("author", "author__username", "payments", "total", "last")
    )
    portion: list[tuple] = []
    for row in rows.iterator(ROWS_AT_A_TIME):
        portion.append(row)
        if len(portion) == ROWS_AT_A_TIME:
            yield from _name(portion)
            portion = []
    yield from _name(portion)


def _name(rows: list[tuple]) -> Iterator[YearTotal]:
    names = dict(
        Payment.objects.filter(pk__in=[row[4] for row in rows]).values_list("pk", "author_name")
    )
    for author, username, payments, total, last in rows:
        yield YearTotal(author, names[last], username, payments, Decimal(total))


def sum_year(year: int, currency: str) -> Decimal:
    return Decimal(paid_in_year(year, currency).aggregate(sum=Sum("amount", default=0))["sum"])


def list_years() -> list[int]:
    """Return the years in which results were recorded or money moved, the latest first."""
    results = PaymentResult.objects.all()
    recorded = {moment.year for moment in results.datetimes("at", "year")}
    return sorted(
        recorded | {day.year for day in results.dates("value_date", "year")}, reverse=True
    )
