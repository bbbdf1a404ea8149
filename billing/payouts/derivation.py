"""The payments of a batch and their lines, made of what is due: priced, rounded, digested.

One pass in the order of authors; the same pass at submit tells whether anything has changed.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched, count

from django.contrib.auth.models import User

from backoffice.people import full_name
from billing.bulk import any_of
from billing.day_views import format_days
from billing.models import (
    CategoryPrice,
    Hold,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.money import from_millionths, line_millionths, to_millionths
from billing.payouts.bounds import check_bounds
from billing.payouts.disputed import ViewsKey, find_disputed_views
from billing.payouts.due import find_due
from billing.payouts.minimum_payout import decide_payment
from billing.periods import month_of
from billing.prices.lookup import LoadedPrices
from billing.proof.digests import LineRecord, digest_line, digest_payment, record_payment
from billing.proof.sealing import name_batch
from weblog.models import Blog

Kind = PaymentLine.Kind

Line = tuple[LineRecord, str]  # with its digest

AUTHORS_AT_A_TIME = 500


def derive_payments(batch: PayoutBatch) -> Iterator[list[tuple[Payment, list[Line]]]]:
    """Yield portions of the unsaved payments that the batch should hold, with their lines.

    Sorted by author. Memory holds one portion. 10 queries, plus 3 for each portion. Views without
    a price are left out; fill_batch asks first about those of the batch's own month.
    """
    prices = _PriceTable(batch.currency)
    disputed = find_disputed_views(batch)
    numbers = count(1)
    for portion in batched(find_due(batch), AUTHORS_AT_A_TIME):
        authors = User.objects.select_related("imported_author").in_bulk(
            [author for author, _ in portion]
        )
        holds = {hold.author_id: hold for hold in Hold.objects.open().filter(author__in=authors)}
        titles = _load_titles(portion)
        payments = []
        for author, own in portion:
            if facts := list(_describe_lines(author, own, batch.month, prices, titles, disputed)):
                number, hold = next(numbers), holds.get(author)
                payments.append(_make_payment(batch, authors[author], number, facts, hold))
        yield payments


def _load_titles(portion: Iterable[tuple]) -> dict[int, str]:
    blogs = {due[1] for _, dues in portion for due in dues if due[0] == Kind.VIEWS}
    return dict(Blog.objects.filter(pk__in=any_of(blogs)).values_list("pk", "title"))


def _make_payment(
    batch: PayoutBatch,
    author: User,
    number: int,
    facts: list[tuple],
    hold: Hold | None,
) -> tuple[Payment, list[Line]]:
    payment = Payment(
        batch=batch,
        author=author,
        author_name=full_name(author),
        username=author.username,
        reference=f"{name_batch(batch)}-{number:06}",
    )
    lines = [LineRecord(payment.reference, n, *fact) for n, fact in enumerate(facts, start=1)]
    check_bounds(payment, lines)
    decide_payment(
        payment,
        exact=from_millionths(sum(line.amount for line in lines)),
        minimum=batch.minimum_payout,
        hold=hold,
    )
    digests = [digest_line(line) for line in lines]
    payment.digest = digest_payment(record_payment(payment), digests)
    return payment, list(zip(lines, digests, strict=True))


def _describe_lines(
    author: int, dues: Iterable[Sequence], month: dt.date, prices, titles, disputed
) -> Iterator[tuple]:
    """Yield the facts of an author's lines, in the order of LineRecord from `kind` on."""
    for kind, *due in dues:
        if kind == Kind.VIEWS:
            blog, category, days = due
            place = (author, blog, category)
            yield from _describe_views(place, days, prices, titles, disputed)
        elif kind == Kind.ADJUSTMENT:
            adjustment, reason, amount = due
            yield _describe_amount(kind, month, amount, adjustment=adjustment, note=reason)
        else:
            carried_month, reference, reason, amount = due
            note = f"{reference}: {reason}"[:1000]
            yield _describe_amount(kind, carried_month, amount, carried_from=reference, note=note)


def _describe_amount(kind, month, amount, *, adjustment=None, carried_from=None, note) -> tuple:
    nothing = (None, "", None, "", None, None, "", 0)  # blog, category, price, days and views
    return (kind.value, month.isoformat(), *nothing, adjustment, carried_from, note, amount)


def _describe_views(
    place: tuple[int, int, int], days: dict[dt.date, int], prices, titles, disputed
) -> Iterator[tuple]:
    """Split a blog's days by month and price. Days without a price, or in dispute, wait."""
    _, blog, category = place
    parts: defaultdict[tuple, dict[int, int]] = defaultdict(dict)
    for day in sorted(days):
        if price := prices.find_in_currency(category, day):
            parts[month_of(day), price][day.day] = days[day]
    for (month, (price, price_per_1000)), views_by_day in parts.items():
        views_by_day = disputed.get(ViewsKey(*place, month, price), views_by_day)
        if views := sum(views_by_day.values()):
            yield (
                Kind.VIEWS.value, month.isoformat(), blog, titles[blog],
                category, prices.category_names[category], price, price_per_1000,
                format_days(views_by_day), views, None, None, "",
                line_millionths(views=views, price_per_1000=price_per_1000),
            )  # fmt: skip


class _PriceTable(LoadedPrices[tuple[int, int]]):
    """(price_id, millionths per 1,000 views) of all prices, and the names of their categories."""

    def __init__(self, currency: str):
        prices = list(CategoryPrice.objects.select_related("category").order_by())
        super().__init__(prices, give=lambda price: (price.pk, to_millionths(price.price_per_1000)))
        self.category_names = {price.category_id: price.category.name for price in prices}
        self._foreign = {price.pk for price in prices if price.currency != currency}

    def find_in_currency(self, category: int, day: dt.date) -> tuple[int, int] | None:
        """Return the price in force on `day`; None if there is none, or one in another."""
        price = self.find(category, day)
        return None if price is None or price[0] in self._foreign else price
