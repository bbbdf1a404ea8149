"""Key figures of billing. One that a list explains leads there, and the list shows the same."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from backoffice.home import Card, is_shown, once
from billing.figures import (
    MonthFigures,
    Sums,
    group_digits,
    price_out,
    select_days,
    sum_by_day,
)
from billing.home.batches import find_batches
from billing.home.parts import PAYMENTS
from billing.home.tasks import find_known, find_prices
from billing.models import PayoutBatch
from billing.money import format_amounts
from billing.payouts.alarms import add_up
from billing.payouts.outstanding import Cause, Waiting, list_waiting
from billing.periods import format_month, month_of, next_month, previous_month
from weblog.home import BLOGS, has_blogs

CHART_DAYS = 30
MONTHS_SHOWN = 12
WAITS_AS_PAYMENT = {
    Cause.HELD: "On hold",
    Cause.FAILED: "Failed at the bank",
    Cause.CARRIED: "Carried forward",
}


def list_cards(user: User) -> Iterator[Card]:
    """Yield this month's views and their cost; for authors, those of their own blogs too."""
    month = month_of(timezone.localdate())
    if is_shown(PAYMENTS) and sees_all_views(user):
        yield from _list_house_cards(user, month)
    if is_shown(BLOGS) and writes_blogs(user):
        yield from _list_author_cards(user, month)


def _list_house_cards(user: User, month: dt.date) -> Iterator[Card]:
    now, before, same_day = _split_house_sums(user)
    last = f"{previous_month(month):%B}"
    views: Card = {
        "label": f"Views in {month:%B} so far",
        "value": group_digits(sum(now.values())),
        "note": f"{group_digits(sum(before.values()))} in all of {last}",
    }
    if user.has_perm("billing.view_monthlyviewcount"):
        page = reverse("admin:billing_monthlyviewcount_changelist")
        views["link"] = f"{page}?month={format_month(month)}"
    yield views
    if user.has_perm("billing.submit_payoutbatch"):
        yield from _list_payment_cards()
        yield from _waiting_cards(row for row in find_known() if row.cause not in WAITS_AS_PAYMENT)
    if user.has_perm("billing.view_payoutbatch"):
        costs, costs_before, costs_same_day = (
            price_out(sums, find_prices()) for sums in (now, before, same_day)
        )
        unpriced = (
            f", and {group_digits(costs.unpriced)} views without a price" if costs.unpriced else ""
        )
        yield {
            "label": f"Cost of {month:%B} so far",
            "value": format_amounts(costs.costs),
            "note": f"{format_amounts(costs_same_day.costs)} up to the same day of {last}, "
            f"{format_amounts(costs_before.costs)} in all of it{unpriced}",
        }


def _split_house_sums(user: User) -> tuple[Sums, Sums, Sums]:
    """Return the views of this month, of all of the last, and of the last up to the same day."""
    today = timezone.localdate()
    first, end = previous_month(month_of(today)), month_of(today) - dt.timedelta(days=1)
    sums, same_day = find_recent_sums(user), first.replace(day=min(today.day, end.day))
    return (
        select_days(sums, month_of(today), today),
        select_days(sums, first, end),
        select_days(sums, first, same_day),
    )


def find_recent_sums(user: User) -> Sums:
    """Return the views of this month and the last, and of the chart's days. One query.

    For who sees the cost of a year, it has the days of its other months as well.
    """
    first, last = _recent_days()
    if user.has_perm("billing.submit_payoutbatch"):
        first = min(first, find_cost_months()[0])
    return once("billing.recent_sums", lambda: sum_by_day(first=first, last=last))


def find_cost_months() -> tuple[dt.date, dt.date]:
    """Return the first and the last of the months whose cost is shown."""
    first = last = month_of(timezone.localdate())
    for _ in range(MONTHS_SHOWN - 1):
        first = previous_month(first)
    return first, last


def _recent_days() -> tuple[dt.date, dt.date]:
    """Return the first and the last day of this month, the last one, and the chart."""
    today = timezone.localdate()
    first = min(previous_month(month_of(today)), today - dt.timedelta(days=CHART_DAYS - 1))
    return first, next_month(month_of(today)) - dt.timedelta(days=1)


def _list_author_cards(author: User, month: dt.date) -> Iterator[Card]:
    sums, first = find_own_sums(author), previous_month(month)
    now = price_out(select_days(sums, month, dt.date.max), find_prices())
    before = select_days(sums, first, month - dt.timedelta(days=1))
    earnings = reverse("admin:billing_earnings_changelist")
    yield {
        "label": f"Your views in {month:%B} so far",
        "value": group_digits(now.views),
        "note": f"{group_digits(sum(before.values()))} in all of {first:%B}",
    }
    card = _earnings_card(now, month)
    waiting = list_waiting(at=timezone.now(), author=author, prices=find_prices())
    cards = [card, *_waiting_cards(row for row in waiting if row.since < month)]
    if author.has_perm("billing.view_own_statement"):
        cards = [one | {"link": earnings} for one in cards]
    yield from cards


def find_own_sums(author: User) -> Sums:
    """Return the views of an author's blogs in this month, the last, and on the chart's days."""
    first, last = _recent_days()
    return once("billing.own_sums", lambda: sum_by_day(first=first, last=last, author=author))


def _list_payment_cards() -> Iterator[Card]:
    """Yield what the bank is to pay, and what waits of earlier payments, by cause."""
    page = reverse("admin:billing_payment_changelist")
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    number = 0
    for batch, amounts in find_batches():
        if batch.status == PayoutBatch.Status.APPROVED and amounts.payable.payments:
            sums[batch.currency] += amounts.payable.amount
            number += amounts.payable.payments
    if number:
        yield {
            "label": "Due at the bank",
            "value": format_amounts(sums),
            "note": _count_payments(number),
            "link": f"{page}?waits=due",
        }
    for cause, label in WAITS_AS_PAYMENT.items():
        if waiting := [row for row in find_known() if row.cause == cause]:
            yield {
                "label": label,
                "value": add_up(waiting),
                "note": f"{_count_payments(len(waiting))}; {_describe_oldest(waiting)}",
                "link": f"{page}?status__exact={cause.value}&waits=yes",
            }


def _count_payments(number: int) -> str:
    return "1 payment" if number == 1 else f"{group_digits(number)} payments"


def _waiting_cards(waiting: Iterable[Waiting]) -> Iterator[Card]:
    """Yield what is earned and waits, and views that have no price, each with its age."""
    rows = list(waiting)
    money = [row for row in rows if row.cause != Cause.UNPRICED]
    views = [row for row in rows if row.cause == Cause.UNPRICED]
    if money:
        yield {"label": "Money that waits", "value": add_up(money), "note": _describe_age(money)}
    if views:
        yield {
            "label": "Views that wait for a price",
            "value": group_digits(sum(row.views for row in views)),
            "note": _describe_age(views),
        }


def _describe_age(rows: list[Waiting]) -> str:
    causes = ", ".join(dict.fromkeys(row.cause.label for row in rows))
    return f"{causes}; {_describe_oldest(rows)}"


def _describe_oldest(rows: list[Waiting]) -> str:
    oldest, at = min(rows, key=lambda row: row.since), timezone.now()
    days = "1 day" if oldest.age(at) == 1 else f"{group_digits(oldest.age(at))} days"
    return f"the oldest for {days}, since {oldest.since:%-d %b %Y}"


def _earnings_card(figures: MonthFigures, month: dt.date) -> Card:
    note = "paid after the month has closed"
    if figures.unpriced:
        views = "view has" if figures.unpriced == 1 else "views have"
        note = f"{note}; {group_digits(figures.unpriced)} {views} no price yet"
    return {
        "label": f"Your earnings in {month:%B} so far",
        "value": format_amounts(figures.costs),
        "note": note,
    }


def writes_blogs(user: User) -> bool:
    """Whether the user sees an author's figures: an editor may write and never has."""
    if not user.has_perm("weblog.add_blog"):
        return False
    return not sees_all_views(user) or has_blogs(user)


def sees_all_views(user: User) -> bool:
    return user.has_perms(["weblog.view_all_blogs"]) or user.has_perm(
        "billing.view_monthlyviewcount"
    )
