"""Panels of the people who pay: what blocks the next batch, what comes, and what months cost."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from backoffice.home import Section
from backoffice.jobs.schedule import list_jobs
from billing.figures import MonthFigures, cost_by_month, group_digits
from billing.home.batches import list_batches
from billing.home.cards import find_cost_months, find_recent_sums
from billing.home.tasks import find_prices
from billing.models import PayoutBatch
from billing.money import format_amount, format_amounts, house_currency
from billing.payouts.batch_checks import find_blockers
from billing.periods import closes_on, month_of, next_month, previous_month
from weblog.models import Category

PRICES_SHOWN = 6
BUILDING = "build_payout_batch"


class Ahead(NamedTuple):
    """Something that comes, with its day and where to read of it."""

    day: dt.date
    text: str
    link: str = ""


def list_finance_sections(user: User) -> Iterator[Section]:
    if drafts := list_batches(PayoutBatch.Status.DRAFT):
        content = {"batch": drafts[-1], "blockers": find_blockers(drafts[-1])}
        yield Section("blockers", "billing/home/blockers.html", content)
    yield Section("ahead", "billing/home/ahead.html", sorted(_list_ahead()))
    if costs := make_costs(user):
        yield Section("costs", "billing/home/costs.html", costs)


def _list_ahead() -> Iterator[Ahead]:
    """Yield the prices that change, the end of the month, and when it can be paid."""
    at = timezone.now()
    today = timezone.localdate(at)
    month = month_of(today)
    before = previous_month(month)
    coming = [price for price in find_prices() if price.effective_from > today]
    coming.sort(key=lambda price: (price.effective_from, price.category.name))
    for price in coming[:PRICES_SHOWN]:
        amount = format_amount(price.price_per_1000, currency=price.currency, exact=True)
        link = reverse("admin:billing_categoryprice_change", args=[price.pk])
        text = f"{price.category} changes to {amount} per 1,000 views"
        yield Ahead(price.effective_from, text, link)
    yield Ahead(next_month(month), f"{month:%B} is over")
    for closed in (before, month):
        if closes_on(closed) > today:
            yield Ahead(closes_on(closed), f"{closed:%B} can be paid, its days of grace are over")
    for job in list_jobs():
        if job.name == BUILDING:
            run_at = timezone.localtime(job.next_due(at))
            text = f"Batches of closed months are built, at {date_format(run_at, 'H:i')}"
            yield Ahead(run_at.date(), text)


def make_costs(user: User) -> dict[str, Any]:
    """Return what the last months cost, by category: a chart, and the same as a table."""
    prices = find_prices()
    first, last = find_cost_months()
    months = cost_by_month(find_recent_sums(user), prices, first=first, last=last)
    used = {category for figures in months.values() for category in figures}
    if not used:
        return {}
    named = {price.category_id: price.category.name for price in prices}
    if unnamed := used - named.keys():  # without any price
        named |= dict(Category.objects.filter(pk__in=unnamed).values_list("pk", "name"))
    names = sorted((named[category], category) for category in used)
    nothing = MonthFigures()
    rows = [
        {
            "month": month,
            "costs": [
                (name, _describe(figures.get(category, nothing))) for name, category in names
            ],
            "total": format_amounts(_add_up(figures.values())),
        }
        for month, figures in reversed(months.items())
    ]
    return {"rows": rows, "names": [name for name, _ in names], "data": _draw([*months.items()])}


def _describe(figures: MonthFigures) -> str:
    """Return the cost in words, with the views that have none yet."""
    if not figures.unpriced:
        return format_amounts(figures.costs)
    views = "1 view" if figures.unpriced == 1 else f"{group_digits(figures.unpriced)} views"
    without = f"{views} without a price"
    return f"{format_amounts(figures.costs)}, {without}" if figures.costs else without


def _add_up(figures) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for each in figures:
        for currency, cost in each.costs.items():
            total[currency] = total.get(currency, Decimal(0)) + cost
    return total


def _draw(months) -> str:
    """Return the bars: a month's cost in the currency of the house."""
    code = house_currency()
    bars = [_add_up(figures.values()).get(code, Decimal(0)) for _, figures in months]
    return json.dumps(
        {
            "labels": [date_format(month, "M Y") for month, _ in months],
            "datasets": [
                {
                    "label": f"Cost in {code}",
                    "data": [f"{cost:.2f}" for cost in bars],
                    "backgroundColor": "var(--color-primary-600)",
                    "maxBarThickness": 40,
                    "displayYAxis": True,
                }
            ],
        }
    )
