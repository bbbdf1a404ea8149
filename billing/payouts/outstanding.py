"""What is earned and not paid, by author and cause, and since when it waits.

Amounts are exact. What stands on a draft, or on a batch that is signed and not paid yet, does not
wait: it is on its way. Views without a price have no amount until somebody gives them one.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import (
    Exists,
    F,
    Min,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    TextChoices,
    Value,
)
from django.db.models.functions import Coalesce, TruncMonth

from billing.models import Adjustment, CategoryPrice, DailyViewCount, Dispute, Payment, PaymentLine
from billing.money import from_millionths, house_currency, line_amount
from billing.payouts.disputed import ViewsKey, key_of
from billing.periods import day_of, last_closed_month, next_month
from billing.prices.lookup import LoadedPrices, price_id_on

type Prices = LoadedPrices[CategoryPrice]

# Of each payment and of all that it took in: the first month of views, and the first adjustment.
ORIGINS = """
WITH RECURSIVE part (payment_id, origin_id) AS (
    SELECT id, id FROM billing_payment WHERE id IN ({payments})
    UNION
    SELECT part.payment_id, line.carried_from_id
    FROM part JOIN billing_paymentline line ON line.payment_id = part.origin_id
    WHERE line.carried_from_id IS NOT NULL
)
SELECT part.payment_id, payment.status, payment.author_id, batch.currency,
    payment.amount - payment.rounding + payment.carried_amount,
    MIN(CASE WHEN line.kind = 'views' THEN line.month END),
    MIN(adjustment.created_at)
FROM part JOIN billing_paymentline line ON line.payment_id = part.origin_id
LEFT JOIN billing_adjustment adjustment ON adjustment.id = line.adjustment_id
JOIN billing_payment payment ON payment.id = part.payment_id
JOIN billing_payoutbatch batch ON batch.id = payment.batch_id
GROUP BY part.payment_id, payment.id, batch.id
"""


class Cause(TextChoices):
    """Why it waits."""

    HELD = "held", "on hold"
    CARRIED = "carried", "carried forward"
    FAILED = "failed", "failed at the bank"
    ADJUSTMENT = "adjustment", "adjustments"
    LATE = "late", "views on no batch yet"
    DISPUTED = "disputed", "in dispute"
    UNPRICED = "unpriced", "no price yet"


class Waiting(NamedTuple):
    """What one author waits for, for one cause, since a day."""

    cause: Cause
    author: int
    since: dt.date
    amount: Decimal  # exact; 0 for views without a price
    currency: str
    views: int = 0

    def age(self, at: dt.datetime) -> int:
        """Return the days that it has waited."""
        return (day_of(at) - self.since).days


def list_waiting(
    *, at: dt.datetime, author: User | None = None, prices: Prices | None = None
) -> list[Waiting]:
    """Return all that waits, or an author's, the oldest first.

    Without an author it reads the counts of all closed months: not for a page. `prices` are all
    prices, if they are loaded already.
    """
    prices, disputed = prices or _load_prices(), _sum_disputed(author)
    rows = [*_list_known(author, prices, disputed), *_list_late(at, author, prices, disputed)]
    return sorted(rows, key=lambda row: (row.since, row.author, row.cause))


def list_known(*, author: User | None = None, prices: Prices | None = None) -> Iterator[Waiting]:
    """Yield what waits without late views, which only a pass over the counts can tell."""
    yield from _list_known(author, prices or _load_prices(), _sum_disputed(author))


def _load_prices() -> Prices:
    return LoadedPrices(CategoryPrice.objects.order_by(), give=lambda price: price)


def _list_known(
    author: User | None, prices: Prices, disputed: dict[ViewsKey, int]
) -> Iterator[Waiting]:
    yield from _list_payments(author)
    yield from _list_adjustments(author)
    yield from _list_disputed(prices, disputed)
    yield from _list_unpriced(author, prices)


def find_since(payments: Iterable[int]) -> dict[int, dt.date]:
    """Return {payment: the day since which the oldest part of it waits}. One query.

    Views wait since their month was over, an adjustment since it was made. What an earlier payment
    carried on keeps its day.
    """
    numbers = ", ".join(str(int(pk)) for pk in payments)
    return {pk: since for pk, *_, since in _read_origins(numbers, [])} if numbers else {}


def _read_origins(payments: str, params: Iterable) -> list[tuple]:
    """Return (payment, status, author, currency, millionths, since when it waits) of each."""
    with connection.cursor() as cursor:
        cursor.execute(ORIGINS.format(payments=payments), list(params))
        return [
            (*facts, min(_read_days(month, made_at)))
            for *facts, month, made_at in cursor
            if month or made_at
        ]


def _read_days(month, made_at) -> Iterator[dt.date]:
    """Yield the days of a row; SQLite gives both as text."""
    if month:
        yield next_month(dt.date.fromisoformat(str(month)[:10]))
    if made_at:
        if isinstance(made_at, str):
            made_at = dt.datetime.fromisoformat(made_at).replace(tzinfo=dt.UTC)
        yield day_of(made_at)


def _list_payments(author: User | None) -> Iterator[Waiting]:
    payments = Payment.objects.outstanding().order_by()
    if author:
        payments = payments.filter(author=author)
    rows = _read_origins(*payments.values("pk").query.sql_with_params())
    for _, status, person, currency, millionths, since in rows:
        yield Waiting(Cause(status), person, since, from_millionths(millionths), currency)


def _list_adjustments(author: User | None) -> Iterator[Waiting]:
    adjustments = Adjustment.objects.waiting().order_by()
    if author:
        adjustments = adjustments.filter(author=author)
    disputes = Dispute.objects.open().filter(adjustment=OuterRef("pk"))
    for row in adjustments.annotate(is_disputed=Exists(disputes)):
        since = day_of(row.created_at)
        cause = Cause.DISPUTED if row.is_disputed else Cause.ADJUSTMENT
        yield Waiting(cause, row.author_id, since, row.amount, row.currency)


def _list_disputed(prices: Prices, disputed: dict[ViewsKey, int]) -> Iterator[Waiting]:
    """Yield the views on no batch that wait for the answer to their dispute."""
    by_key = {price.pk: price for price in prices}
    for key, views in disputed.items():
        price = by_key[key.price]
        amount = line_amount(views=views, price_per_1000=price.price_per_1000)
        since = next_month(key.month)
        yield Waiting(Cause.DISPUTED, key.author, since, amount, price.currency, views)


def count_disputed(month: dt.date) -> int:
    """Return the views of the month on no batch that wait for the answer to a question."""
    return sum(views for key, views in _sum_disputed(None).items() if key.month == month)


def _sum_disputed(author: User | None) -> dict[ViewsKey, int]:
    """Return {what is in dispute: its views on no batch}. One query."""
    disputes = Dispute.objects.open().filter(blog__isnull=False)
    if author:
        disputes = disputes.filter(author=author)
    line = {name: OuterRef(name) for name in ("blog", "category", "price")}
    counts = DailyViewCount.objects.annotate(month=TruncMonth("day"), price=price_id_on("day"))
    counts = counts.filter(**line, author=OuterRef("author"), month=OuterRef("month"))
    lines = PaymentLine.objects.standing().filter(kind=PaymentLine.Kind.VIEWS, **line)
    lines = lines.filter(payment__author=OuterRef("author"), month=OuterRef("month"))
    rows = disputes.annotate(counted=_sum_of(counts), held=_sum_of(lines))
    waiting = {key_of(dispute): dispute.counted - dispute.held for dispute in rows}
    return {key: views for key, views in waiting.items() if views}


def _sum_of(rows: QuerySet) -> Coalesce:
    """Return the expression for the sum of their views: they share a category."""
    of_category = rows.order_by().values("category")
    return Coalesce(Subquery(of_category.annotate(sum=Sum("views")).values("sum")), Value(0))


def _list_unpriced(author: User | None, prices: Prices) -> Iterator[Waiting]:
    days = DailyViewCount.objects.all_without_price(prices.first_days())
    if author:
        days = days.filter(author=author)
    of_months = days.annotate(month=TruncMonth("day")).order_by().values_list("author", "month")
    for pk, _, first, views in of_months.annotate(first=Min("day"), sum=Sum("views")):
        yield Waiting(Cause.UNPRICED, pk, first, Decimal(0), house_currency(), views)


def _list_late(
    at: dt.datetime, author: User | None, prices: Prices, disputed: dict[ViewsKey, int]
) -> Iterator[Waiting]:
    """Yield the difference between an author's counts of a closed month and the standing lines."""
    end = next_month(last_closed_month(at))
    counts = DailyViewCount.objects.filter(day__lt=end).annotate(
        month=TruncMonth("day"), price=price_id_on("day")
    )
    lines = PaymentLine.objects.standing().filter(kind=PaymentLine.Kind.VIEWS, month__lt=end)
    if author:
        counts, lines = counts.filter(author=author), lines.filter(payment__author=author)
    views: Counter = Counter()
    for *key, number in _sum_views(counts.exclude(price=None), "author"):
        views[tuple(key)] += number
    for *key, number in _sum_views(lines, "payment__author"):
        views[tuple(key)] -= number
    for key_of_views, number in disputed.items():
        views[key_of_views.author, key_of_views.month, key_of_views.price] -= number
    by_key = {price.pk: price for price in prices}
    months: dict[tuple, list] = {}
    for (person, month, price), number in views.items():
        if number:
            total = months.setdefault((person, month, by_key[price].currency), [0, Decimal(0)])
            total[0] += number
            total[1] += line_amount(views=number, price_per_1000=by_key[price].price_per_1000)
    for (person, month, currency), (number, amount) in months.items():
        yield Waiting(Cause.LATE, person, next_month(month), amount, currency, views=number)


def _sum_views(rows, author: str):
    keys = (author, "month", "price")
    return rows.order_by().values_list(*keys).annotate(sum=Sum(F("views")))
