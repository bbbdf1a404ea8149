"""What waits for a batch in another currency: batches pay in their own alone, and mix none.

It is money of before CURRENCY was changed. It waits until the setting names its currency again and
a batch is built.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from billing.models import (
    Adjustment,
    CategoryPrice,
    DailyViewCount,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.money import (
    format_amount,
    from_millionths,
    in_millionths,
    line_millionths,
    to_millionths,
)
from billing.periods import month_of, next_month
from billing.prices.lookup import price_id_on

UNPAID = (PayoutBatch.Status.DRAFT, PayoutBatch.Status.SUBMITTED, PayoutBatch.Status.APPROVED)


@dataclass
class Waiting:
    """What waits in one currency, for whom, and since which month."""

    currency: str
    millionths: int = 0
    authors: set[int] = field(default_factory=set)
    since: dt.date = dt.date.max

    @property
    def amount(self) -> str:
        return format_amount(from_millionths(self.millionths), currency=self.currency, exact=True)

    def __str__(self):
        people = "1 author" if len(self.authors) == 1 else f"{len(self.authors)} authors"
        return f"{self.amount} of {people}, the oldest of {self.since:%B %Y}"


def find_other_currencies(currency: str, *, until: dt.date) -> list[Waiting]:
    """Return what waits in other currencies than `currency`, up to the end of the month `until`.

    At most four queries where the house has had one currency.
    """
    found: dict[str, Waiting] = {}
    for code, author, millionths, since in _iter_parts(currency, until):
        waiting = found.setdefault(code, Waiting(code))
        waiting.millionths += millionths
        waiting.authors.add(author)
        waiting.since = min(waiting.since, month_of(since))
    return [found[code] for code in sorted(found)]


def find_foreign_batches(currency: str) -> list[PayoutBatch]:
    """Return the batches in other currencies that are not paid yet, the oldest first."""
    unpaid = PayoutBatch.objects.filter(status__in=UNPAID).order_by("month", "pk")
    return list(unpaid.exclude(currency=currency))


def _iter_parts(currency: str, until: dt.date) -> Iterator[tuple[str, int, int, dt.date]]:
    """Yield (currency, author_id, millionths, oldest day or month)."""
    kept_back = (
        Payment.objects.outstanding()
        .exclude(batch__currency=currency)
        .with_reason()
        .values_list("batch__currency", "author", "exact_millionths", "batch__month")
    )
    yield from kept_back.order_by().iterator()
    adjustments = (
        Adjustment.objects.waiting()
        .exclude(currency=currency)
        .annotate(millionths=in_millionths("amount"))
        .values_list("currency", "author", "millionths", "created_at__date")
    )
    yield from adjustments.order_by().iterator()
    prices = {
        price.pk: (price.currency, to_millionths(price.price_per_1000))
        for price in CategoryPrice.objects.exclude(currency=currency)
    }
    if prices:
        yield from _iter_views(prices, until)


def _iter_views(prices: dict, until: dt.date) -> Iterator[tuple[str, int, int, dt.date]]:
    """Yield what views at these prices are worth that no batch has. Two queries."""
    waiting: Counter[tuple] = Counter()
    counted = (
        DailyViewCount.objects.filter(day__lt=next_month(until))
        .annotate(price_id=price_id_on("day"), month=TruncMonth("day"))
        .filter(price_id__in=prices)
    )
    for *key, views in _sum_views(counted, "author", "price_id", "month"):
        waiting[tuple(key)] += views
    held = PaymentLine.objects.standing().filter(kind=PaymentLine.Kind.VIEWS, price__in=prices)
    for *key, views in _sum_views(held, "payment__author", "price_id", "month"):
        waiting[tuple(key)] -= views
    for (author, price, month), views in waiting.items():
        if views:
            currency, price_per_1000 = prices[price]
            millionths = line_millionths(views=views, price_per_1000=price_per_1000)
            yield currency, author, millionths, month


def _sum_views(rows: QuerySet, *keys: str) -> Iterator[tuple]:
    yield from rows.order_by().values_list(*keys).annotate(sum=Sum("views")).iterator()
