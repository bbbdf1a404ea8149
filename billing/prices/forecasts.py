"""Forecasts: the cost of a month at its prices and at changed ones. Writes nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from heapq import nlargest
from itertools import groupby
from operator import itemgetter

from django.contrib.auth.models import User
from django.db.models import Case, IntegerField, QuerySet, Sum, Value, When

from backoffice.people import full_name
from billing.models import CategoryPrice, DailyViewCount
from billing.money import line_amount, round_amount
from billing.periods import day_of, iter_months, last_closed_month, month_of, next_month
from billing.prices.price_lists import PriceList
from weblog.models import Category

AUTHORS_SHOWN = 10


@dataclass(frozen=True)
class Effect:
    """The value of views before and after a change. Exact for a category, else rounded."""

    name: str
    views: int
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


class MonthCounts:
    """The counted views of a month so far."""

    def __init__(self, month: dt.date, *, is_over: bool):
        self.month = month
        self.is_over = is_over

    @property
    def rows(self) -> QuerySet[DailyViewCount]:
        first, end = self.month, next_month(self.month)
        return DailyViewCount.objects.filter(day__gte=first, day__lt=end).order_by()

    @cached_property
    def by_day(self) -> list[tuple[int, dt.date, int]]:
        """Return (category, day, views), at most 31 for each category. One query."""
        return list(self.rows.values_list("category", "day").annotate(sum=Sum("views")))


class MonthForecast:
    """The counted views of a month at two price lists that differ in some categories.

    Four queries and the query of the counts, for any number of views, authors and categories.
    Memory holds one row at a time.
    """

    def __init__(
        self,
        *,
        counts: MonthCounts,
        categories: Sequence[Category],
        before: PriceList,
        after: PriceList,
    ):
        self.counts = counts
        self.changed = {category.pk: category for category in categories}
        self.before = before
        self.after = after

    @property
    def names(self) -> str:
        """Return the categories whose prices change, such as “Sports, Tech”."""
        return ", ".join(sorted(str(category) for category in self.changed.values()))

    @property
    def currency(self) -> str:
        return self.after.currency

    @property
    def is_mixed(self) -> bool:
        """Return whether views have prices in other currencies, which count as none here."""
        return self.before.is_mixed or self.after.is_mixed

    @property
    def changes_amounts(self) -> bool:
        """Return whether any views get another price, even if the total stays the same."""
        return any(
            self.before.price_on(category, day) != self.after.price_on(category, day)
            for category, day, _ in self._own_views
        )

    @cached_property
    def categories(self) -> list[Effect]:
        """Return the effect on each category with views, by name. Amounts are exact."""
        rows = sorted(self.counts.by_day, key=itemgetter(0))
        names = Category.objects.in_bulk({category for category, *_ in rows})
        effects = [
            self._sum_up(names[category].name, list(group))
            for category, group in groupby(rows, key=itemgetter(0))
        ]
        return sorted(effects, key=lambda effect: effect.name)

    @cached_property
    def total(self) -> Effect:
        return self._sum_up("Total", self.counts.by_day)

    @cached_property
    def authors(self) -> list[Effect]:
        """Return the effect on the authors whose month changes most, with pay rounded once."""
        differences = nlargest(AUTHORS_SHOWN, self._differences(), key=lambda row: abs(row[1]))
        most_affected = [author for author, difference in differences if difference]
        people = User.objects.in_bulk(most_affected)
        views = defaultdict(list)
        rows = self.counts.rows.filter(author__in=most_affected)
        for author, *row in rows.values_list("author", "category", "day").annotate(
            sum=Sum("views")
        ):
            views[author].append(row)
        return [
            self._sum_up(full_name(people[author]), views[author], rounded=True)
            for author in most_affected
        ]

    @property
    def views(self) -> int:
        """Return the number of counted views in the categories whose price changes."""
        return sum(views for *_, views in self._own_views)

    @property
    def unpriced_before(self) -> int:
        return self._count_unpriced(self.before)

    @property
    def unpriced_after(self) -> int:
        return self._count_unpriced(self.after)

    def _count_unpriced(self, prices: PriceList) -> int:
        return sum(
            views
            for category, day, views in self._own_views
            if prices.price_on(category, day) is None
        )

    @property
    def _own_views(self) -> list[tuple[int, dt.date, int]]:
        """Return (category, day, views) of the categories whose price changes."""
        return [row for row in self.counts.by_day if row[0] in self.changed]

    def _sum_up(self, name: str, rows: Iterable, *, rounded: bool = False) -> Effect:
        views, before, after = 0, Decimal(0), Decimal(0)
        for category, day, number in rows:
            views += number
            before += _amount(number, self.before.price_on(category, day))
            after += _amount(number, self.after.price_on(category, day))
        if rounded:
            before, after = (
                round_amount(amount, currency=self.currency) for amount in (before, after)
            )
        return Effect(name, views, before, after)

    def _differences(self) -> Iterator[tuple[int, Decimal]]:
        """Yield (author, difference) for each author with views on days whose price changes."""
        if not self._spans:
            return
        number_of_span = Case(
            *(
                When(category=category, day__range=(first, last), then=Value(number))
                for number, (category, first, last, _) in enumerate(self._spans)
            ),
            output_field=IntegerField(),
        )
        rows = (
            self.counts.rows.filter(category__in=list(self.changed))
            .annotate(span=number_of_span)
            .exclude(span=None)
            .order_by("author")
            .values_list("author", "span")
            .annotate(sum=Sum("views"))
        )
        for author, group in groupby(rows.iterator(), key=itemgetter(0)):
            yield (
                author,
                sum((_amount(views, self._spans[span][3]) for _, span, views in group), Decimal(0)),
            )

    @cached_property
    def _spans(self) -> list[tuple[int, dt.date, dt.date, Decimal]]:
        """Return (category, first day, last day, change of the price) where that changes."""
        first, end = self.counts.month, next_month(self.counts.month)
        days = [first + dt.timedelta(days=number) for number in range((end - first).days)]
        spans = []
        for category in self.changed:
            for difference, group in groupby(days, key=partial(self._difference, category)):
                same = list(group)
                if difference:
                    spans.append((category, same[0], same[-1], difference))
        return spans

    def _difference(self, category: int, day: dt.date) -> Decimal:
        before = self.before.price_on(category, day) or Decimal(0)
        return (self.after.price_on(category, day) or Decimal(0)) - before


def _amount(views: int, price_per_1000: Decimal | None) -> Decimal:
    return line_amount(views=views, price_per_1000=price_per_1000 or Decimal(0))


@dataclass(frozen=True)
class Forecast:
    """The effect of a price change on the last closed month and on later ones, so far.

    `real` holds the months whose counted views get another price. `supposed` holds whole months as
    if the new price had always been in force, beside the actual prices or, for a withdrawal, beside
    the withdrawn price. It leaves out months where both say the same.
    """

    price: CategoryPrice
    new_price: Decimal | None
    real: list[MonthForecast]
    supposed: list[MonthForecast]
    is_withdrawal: bool = False


def forecast_price(*, price: CategoryPrice, at: dt.datetime) -> Forecast:
    """Return the effect of adding the unsaved `price`, or of changing the saved one to it."""
    counts = months_to_show(at)
    now = PriceList(CategoryPrice.objects.all(), currency=price.currency)
    real = compare(counts, [price.category], now, now.with_price(price))
    only_new = now.with_only(price.category, price.price_per_1000)
    supposed = compare(counts, [price.category], now, only_new)
    return Forecast(price, price.price_per_1000, *leave_out_doubles(real, supposed))


def forecast_withdrawal(*, price: CategoryPrice, at: dt.datetime) -> Forecast:
    """Return the effect of withdrawing `price`: the price before it, if any, continues."""
    counts = months_to_show(at)
    now = PriceList(CategoryPrice.objects.all(), currency=price.currency)
    then = now.without_price(price)
    stays = then.price_on(price.category_id, price.effective_from)
    real = compare(counts, [price.category], now, then)
    only_old = now.with_only(price.category, price.price_per_1000)
    supposed = compare(counts, [price.category], only_old, now.with_only(price.category, stays))
    return Forecast(price, stays, *leave_out_doubles(real, supposed), is_withdrawal=True)


def months_to_show(at: dt.datetime) -> list[MonthCounts]:
    this_month = month_of(day_of(at))
    months = iter_months(last_closed_month(at), next_month(this_month))
    return [MonthCounts(month, is_over=month < this_month) for month in months]


def compare(
    counts: list[MonthCounts],
    categories: Sequence[Category],
    before: PriceList,
    after: PriceList,
) -> list[MonthForecast]:
    return [
        MonthForecast(counts=month, categories=categories, before=before, after=after)
        for month in counts
    ]


def leave_out_doubles(
    real: list[MonthForecast], supposed: list[MonthForecast]
) -> tuple[list[MonthForecast], list[MonthForecast]]:
    """Return the real forecasts with a change, and the supposed ones that differ from them."""
    pairs = list(zip(real, supposed, strict=True))
    return (
        [month for month in real if month.changes_amounts],
        [
            picture
            for month, picture in pairs
            if not month.changes_amounts or picture.total != month.total
        ],
    )
