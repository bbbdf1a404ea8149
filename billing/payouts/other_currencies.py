"""What waits for a batch in another currency: batches pay in their own alone, and mix none.

It is money of before CURRENCY was changed. It waits until the setting names its currency again and
a batch is built.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.db.models import Case, DateField, F, Q, QuerySet, Sum, Value, When

from billing.models import (
    Adjustment,
    CategoryPrice,
    DailyViewCount,
    MonthlyViewCount,
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
from billing.periods import iter_months, month_of, next_month
from billing.prices.lookup import LoadedPrices

# (currency, authors, millionths, the oldest day or month)
type Part = tuple[str, set[int], int, dt.date]

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


def find_other_currencies(
    currency: str, *, until: dt.date, with_late: bool = True
) -> list[Waiting]:
    """Return what waits in other currencies than `currency`, up to the end of the month `until`.

    Three queries where the house has had one currency. `with_late` compares each author's views
    with the lines of batches: not for a page that opens often.
    """
    found: dict[str, Waiting] = {}
    for code, authors, millionths, since in _iter_parts(currency, until, with_late):
        waiting = found.setdefault(code, Waiting(code))
        waiting.millionths += millionths
        waiting.authors |= authors
        waiting.since = min(waiting.since, month_of(since))
    return [found[code] for code in sorted(found)]


def find_foreign_batches(currency: str) -> list[PayoutBatch]:
    """Return the batches in other currencies that are not paid yet, the oldest first."""
    unpaid = PayoutBatch.objects.filter(status__in=UNPAID).order_by("month", "pk")
    return list(unpaid.exclude(currency=currency))


def _iter_parts(currency: str, until: dt.date, with_late: bool) -> Iterator[Part]:
    kept_back = (
        Payment.objects.outstanding()
        .exclude(batch__currency=currency)
        .with_reason()
        .values_list("batch__currency", "author", "exact_millionths", "batch__month")
    )
    adjustments = (
        Adjustment.objects.waiting()
        .exclude(currency=currency)
        .annotate(millionths=in_millionths("amount"))
        .values_list("currency", "author", "millionths", "created_at__date")
    )
    for rows in (kept_back, adjustments):
        for code, author, millionths, since in rows.order_by().iterator():
            yield code, {author}, millionths, since
    prices = LoadedPrices(CategoryPrice.objects.order_by(), give=lambda price: price)
    others = {price.pk: price for price in prices if price.currency != currency}
    if others:
        yield from (_iter_views if with_late else _sum_up_views)(prices, others, until)


def _iter_views(
    prices: LoadedPrices[CategoryPrice], others: dict[int, CategoryPrice], until: dt.date
) -> Iterator[Part]:
    """Yield what each author's views at the `others` are worth that no batch has. Three queries."""
    waiting: Counter[tuple] = Counter()
    for counts in _find_counts(prices, others.values(), until):
        for *key, category, day, views in _sum_views(counts, "author", "category", "first"):
            if price := prices.find(category, day):
                waiting[*key, price.pk, month_of(day)] += views
    held = PaymentLine.objects.standing().filter(kind=PaymentLine.Kind.VIEWS, price__in=others)
    for *key, views in _sum_views(held, "payment__author", "price", "month"):
        waiting[tuple(key)] -= views
    for (author, pk, month), views in waiting.items():
        if views:
            yield others[pk].currency, {author}, _price(others[pk], views), month


def _sum_up_views(
    prices: LoadedPrices[CategoryPrice], others: dict[int, CategoryPrice], until: dt.date
) -> Iterator[Part]:
    """Yield what the views at the `others` are worth in months without a batch in their currency.

    A batch holds what was due by then. Three queries for each currency, five at most.
    """
    batches = PayoutBatch.objects.standing().order_by()
    paid = set(batches.values_list("currency", "month"))
    for code in {price.currency for price in others.values()}:
        own = [price for price in others.values() if price.currency == code]
        left_out = {month for currency, month in paid if currency == code}
        for counts in _find_counts(prices, own, until, left_out):
            authors = set(counts.filter(views__gt=0).values_list("author", flat=True).distinct())
            for category, day, views in _sum_views(counts, "category", "first"):
                if views and (price := prices.find(category, day)):
                    yield code, authors, _price(price, views), day


def _price(price: CategoryPrice, views: int) -> int:
    return line_millionths(views=views, price_per_1000=to_millionths(price.price_per_1000))


def _find_counts(
    prices: LoadedPrices[CategoryPrice],
    others: Iterable[CategoryPrice],
    until: dt.date,
    left_out: Collection[dt.date] = (),
) -> Iterator[QuerySet]:
    """Yield the counts at the `others`: of whole months, and of days where a month has two prices.

    `first` is a day of each from which on its price is the same.
    """
    months, days, end = Q(pk__in=[]), {}, next_month(until)
    for price in others:
        start = price.effective_from
        following = prices.find_next(price.category_id, start)
        last = min(following.effective_from, end) if following else end
        whole = []
        for month in iter_months(month_of(start), last):
            if month in left_out:
                continue
            if start <= month and next_month(month) <= last:
                whole.append(month)
            else:
                first = max(start, month)
                span = Q(day__gte=first, day__lt=min(last, next_month(month)))
                days[price.category_id, first] = span & Q(category=price.category_id)
        months |= Q(category=price.category_id, month__in=whole)
    yield MonthlyViewCount.objects.filter(months).annotate(first=F("month"))
    if days:
        cases = [When(span, then=Value(first)) for (_, first), span in days.items()]
        parts = DailyViewCount.objects.filter(reduce(or_, days.values()))
        yield parts.annotate(first=Case(*cases, output_field=DateField()))


def _sum_views(rows: QuerySet, *keys: str) -> Iterator[tuple]:
    yield from rows.order_by().values_list(*keys).annotate(sum=Sum("views")).iterator()
