"""What is due: counted views at their prices, less what other batches hold already."""

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator
from itertools import batched, groupby
from operator import itemgetter

from django.contrib.auth.models import User
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from billing.models import CategoryPrice, DailyViewCount, Payment, PaymentLine, PayoutBatch
from billing.money import line_amount, round_amount
from billing.periods import next_month
from billing.pricing import price_id_on
from weblog.models import Blog
from weblog.names import full_name

# A line's key: what its views have in common. Sorted by it, an author's lines stand together.
KEY = ("author_id", "blog_id", "category_id", "month", "price_id")
AUTHORS_AT_A_TIME = 500


def find_unpriced_categories(month: dt.date) -> list[str]:
    """Return the names of categories viewed on days without a price. One query."""
    return list(
        _due_counts(month)
        .filter(price_id=None)
        .order_by("category__name")
        .values_list("category__name", flat=True)
        .distinct()
    )


def derive_payments(
    batch: PayoutBatch,
) -> Iterator[list[tuple[Payment, list[PaymentLine]]]]:
    """Yield, in portions, the unsaved payments and lines that the batch should hold.

    An author whose sum does not come to the smallest coin is left out: views that no line holds
    stay due, and come in with the next batch. Memory holds one portion; 4 queries, and 2 a portion.
    """
    number = 0
    prices = {price.pk: price for price in CategoryPrice.objects.select_related("category")}
    by_author = groupby(_due_views(batch), key=itemgetter(0))
    dues = ((author, _make_lines(rows, prices)) for author, rows in by_author)
    for portion in batched(dues, AUTHORS_AT_A_TIME):
        payments = []
        authors = User.objects.in_bulk([author for author, _ in portion])
        titles = _titles(line.blog_id for _, lines in portion for line in lines)
        for author, lines in portion:
            exact = sum(line.amount for line in lines)
            amount = round_amount(exact)
            if amount <= 0:
                continue
            number += 1
            payment = Payment(
                batch=batch,
                author=authors[author],
                author_name=full_name(authors[author]),
                reference=f"{batch.month:%Y%m}-{batch.pk}-{number:05}",
                amount=amount,
                rounding=amount - exact,
            )
            for line in lines:
                line.payment = payment
                line.blog_title = titles[line.blog_id]
            payments.append((payment, lines))
        yield payments


def _make_lines(rows: Iterable[tuple], prices: dict[int, CategoryPrice]) -> list[PaymentLine]:
    return [
        PaymentLine(
            blog_id=blog,
            category_id=category,
            category_name=prices[price].category.name,
            price_id=price,
            month=month,
            views=views,
            price_per_1000=prices[price].price_per_1000,
            amount=line_amount(views=views, price_per_1000=prices[price].price_per_1000),
        )
        for _, blog, category, month, price, views in rows
    ]


def _titles(blogs: Iterable[int]) -> dict[int, str]:
    return dict(Blog.objects.filter(pk__in=set(blogs)).values_list("pk", "title"))


def _due_views(batch: PayoutBatch) -> Iterator[tuple]:
    """Yield (*KEY, views) in the order of KEY: counted views less those on other batches' lines."""
    counted = (
        _due_counts(batch.month)
        .values_list(*KEY)
        .annotate(sum=Sum("views"))
        .order_by(*KEY)
        .iterator()
    )
    held = (
        PaymentLine.objects.filter(
            kind=PaymentLine.Kind.VIEWS,
            payment__batch__in=PayoutBatch.objects.standing(),
            month__in=_months_of(batch.month),
        )
        .exclude(payment__batch=batch)
        .values_list("payment__author_id", *KEY[1:])
        .annotate(sum=Sum("views"))
        .order_by("payment__author_id", *KEY[1:])
        .iterator()
    )
    taken = ((*key, -views) for *key, views in held)
    merged = heapq.merge(counted, taken, key=itemgetter(slice(5)))
    for key, rows in groupby(merged, key=itemgetter(slice(5))):
        if views := sum(row[5] for row in rows):
            yield (*key, views)


def _due_counts(month: dt.date):
    return (
        DailyViewCount.objects.filter(day__lt=next_month(month))
        .annotate(month=TruncMonth("day"), price_id=price_id_on("day"))
        .filter(month__in=_months_of(month))
    )


def _months_of(month: dt.date) -> list[dt.date]:
    """Return the month and all earlier ones that have a batch: their late views come in now."""
    earlier = PayoutBatch.objects.standing().filter(month__lt=month)
    return [month, *earlier.values_list("month", flat=True)]
