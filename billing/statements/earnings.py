"""What an author has earned, month by month, paid or not: the figures of the payments' pages.

A month with a payment is told by its lines and by billing.payouts.amounts; one without, such as the
running one, by its counts at the prices of their days, which is what the next batch would pay.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Max, Min, Q, Sum
from django.db.models.functions import TruncMonth

from billing.models import (
    CategoryPrice,
    DailyViewCount,
    Payment,
    PaymentLine,
    PaymentResult,
)
from billing.money import format_amount, house_currency, line_amount
from billing.payouts.amounts import Amounts, add_up_payments
from billing.periods import day_of, month_of, next_month
from billing.prices.lookup import price_id_on
from billing.statements.authors import SIGNED, day_of_result, list_statements
from weblog.models import Blog

Kind = PaymentLine.Kind
Status = Payment.Status


@dataclass
class EarnedMonth:
    """A month of an author: its payment, or what was counted so far."""

    month: dt.date
    payment: Payment | None = None
    views: int = 0
    unpriced: int = 0  # of the views: what has no price yet
    sums: dict[str, Decimal] = field(default_factory=dict)  # exact, by currency, without a payment
    lines: dict[str, Decimal] = field(default_factory=dict)  # exact, by kind, of its payment
    amounts: Amounts = field(default_factory=Amounts)
    result: PaymentResult | None = None
    waits_for_answer: bool = False
    taken_in_by: Payment | None = None
    is_over: bool = False

    @property
    def currency(self) -> str:
        return self.payment.batch.currency if self.payment else ""

    @property
    def earned(self) -> str:
        """Return what the views earned, exactly."""
        if self.payment:
            return self._exact(Kind.VIEWS)
        sums = self.sums or {house_currency(): Decimal(0)}
        return " + ".join(
            format_amount(sums[currency], currency=currency, exact=True)
            for currency in sorted(sums)
        )

    @property
    def adjusted(self) -> str:
        return self._exact(Kind.ADJUSTMENT, is_signed=True)

    @property
    def carried_in(self) -> str:
        return self._exact(Kind.CARRIED_IN, is_signed=True)

    @property
    def total(self) -> str:
        """Return what the payment was signed for, in coins."""
        return format_amount(self.amounts.total, currency=self.currency) if self.payment else ""

    @property
    def waiting(self) -> str:
        exact = self.amounts.waiting.exact
        return format_amount(exact, currency=self.currency, exact=True) if exact else ""

    @property
    def is_preliminary(self) -> bool:
        return self.payment is not None and self.payment.batch.status not in SIGNED

    @property
    def paid_on(self) -> dt.date | None:
        if not (self.payment and self.result):
            return None
        return day_of_result(self.result, self.payment)

    @property
    def reason(self) -> str:
        """Return why it was kept back or failed, as finance wrote it for the author."""
        if not self.payment:
            return ""
        if self.payment.status == Status.FAILED and self.result:
            return self.result.reason
        return self.payment.status_reason

    def _exact(self, kind: str, *, is_signed: bool = False) -> str:
        amount = self.lines.get(kind, Decimal(0))
        if not self.payment or (is_signed and not amount):
            return ""
        text = format_amount(amount, currency=self.currency, exact=True)
        return f"+{text}" if is_signed and amount > 0 else text


def list_months(author: User, *, at: dt.datetime) -> list[EarnedMonth]:
    """Return the author's months, the latest first. The number of queries is fixed."""
    payments = list(list_statements(author=author))
    paid = {row.month: row for row in _read_payments(payments)}
    running = month_of(day_of(at))
    months = _read_counts(author, apart_from=paid.keys())
    if running not in paid:
        months.setdefault(running, EarnedMonth(running))
    rows = [*paid.values(), *months.values()]
    for row in rows:
        row.is_over = row.month < running
    return sorted(rows, key=lambda row: row.month, reverse=True)


def _read_payments(payments: list[Payment]) -> Iterator[EarnedMonth]:
    keys = [payment.pk for payment in payments]
    own = Payment.objects.filter(pk__in=keys)
    amounts = add_up_payments(own, per="pk")
    results = {each.payment_id: each for each in _list_results(keys)}
    waiting = set(own.waiting_for_answer().values_list("pk", flat=True))
    taken = PaymentLine.objects.filter(carried_from__in=keys).standing()
    taken_in = {
        line.carried_from_id: line.payment for line in taken.select_related("payment__batch")
    }
    lines: defaultdict[int, list] = defaultdict(list)
    sums = PaymentLine.objects.filter(payment__in=keys).order_by().values_list("payment", "kind")
    for payment, kind, views, amount in sums.annotate(Sum("views"), Sum("amount")):
        lines[payment].append((kind, views, amount))
    for payment in payments:
        yield EarnedMonth(
            payment.batch.month,
            payment,
            views=sum(views for kind, views, _ in lines[payment.pk] if kind == Kind.VIEWS),
            lines={kind: amount for kind, _, amount in lines[payment.pk]},
            amounts=amounts[payment.pk],
            result=results.get(payment.pk),
            waits_for_answer=payment.pk in waiting,
            taken_in_by=taken_in.get(payment.pk),
        )


def _list_results(payments: Iterable[int]) -> Iterable[PaymentResult]:
    """Return the results, the last of each payment last."""
    return PaymentResult.objects.filter(payment__in=payments).order_by("pk")


def _read_counts(author: User, *, apart_from: Iterable[dt.date]) -> dict[dt.date, EarnedMonth]:
    """Return {month: what was counted} of the months without a payment."""
    counts = DailyViewCount.objects.filter(author=author).annotate(
        month=TruncMonth("day"), price=price_id_on("day")
    )
    rows = counts.order_by().values_list("month", "price").annotate(Sum("views"))
    found = [(month, price, views) for month, price, views in rows if month not in apart_from]
    prices = CategoryPrice.objects.in_bulk({price for _, price, _ in found if price})
    months: dict[dt.date, EarnedMonth] = {}
    for month, key, views in found:
        row = months.setdefault(month, EarnedMonth(month))
        row.views += views
        if key is None:
            row.unpriced += views
            continue
        price = prices[key]
        amount = line_amount(views=views, price_per_1000=price.price_per_1000)
        row.sums[price.currency] = row.sums.get(price.currency, Decimal(0)) + amount
    return months


@dataclass(frozen=True)
class BlogOfMonth:
    """The views of a blog in a month without a payment, at one price."""

    blog: Blog
    category: str
    views: int
    price: CategoryPrice | None

    @property
    def amount(self) -> Decimal | None:
        if self.price is None:
            return None
        return line_amount(views=self.views, price_per_1000=self.price.price_per_1000)


def list_blogs(author: User, month: dt.date) -> list[BlogOfMonth]:
    """Return what was counted for each blog of the author in a month, at each price."""
    counts = DailyViewCount.objects.filter(
        author=author, day__gte=month, day__lt=next_month(month)
    ).annotate(price=price_id_on("day"))
    rows = list(
        counts.order_by("blog__title", "blog", "category__name", "price")
        .values_list("blog", "category__name", "price")
        .annotate(Sum("views"))
    )
    blogs = Blog.objects.in_bulk({blog for blog, *_ in rows})
    prices = CategoryPrice.objects.in_bulk({price for *_, price, _ in rows if price})
    return [
        BlogOfMonth(blogs[blog], category, views, prices.get(price))
        for blog, category, price, views in rows
    ]


@dataclass(frozen=True)
class Stay:
    """The views that stayed with one of the people whose a blog was."""

    blog: Blog
    author: User
    first: dt.date
    last: dt.date
    views: int
    is_now: bool


def list_moved(author: User) -> list[Stay]:
    """Return, of each blog that is or was the author's and somebody else's, whose views are whose.

    Four queries.
    """
    counted = DailyViewCount.objects.filter(author=author).order_by().values("blog")
    mine = Blog.objects.filter(Q(author=author) | Q(pk__in=counted))
    blogs = {blog.pk: blog for blog in mine.only("title", "author").order_by("title", "pk")}
    shares = DailyViewCount.objects.filter(blog__in=blogs).order_by().values_list("blog", "author")
    stays: defaultdict[int, list] = defaultdict(list)
    for blog, *facts in shares.annotate(Min("day"), Max("day"), Sum("views")):
        stays[blog].append(facts)
    moved = [
        (blog, facts)
        for pk, blog in blogs.items()
        if {person for person, *_ in stays[pk]} - {blog.author_id}
        for facts in sorted(stays[pk], key=lambda facts: facts[1])
    ]
    people = User.objects.in_bulk({facts[0] for _, facts in moved})
    return [
        Stay(blog, people[person], first, last, views, is_now=blog.author_id == person)
        for blog, (person, first, last, views) in moved
    ]
