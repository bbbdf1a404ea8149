"""Key figures of billing. One that a list explains leads there, and the list shows the same."""

import datetime as dt
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.db.models import Count, Sum
from django.urls import reverse
from django.utils import timezone

from backoffice.home import Card, once
from billing.figures import (
    DailySums,
    MonthFigures,
    Prices,
    group_digits,
    load_prices,
    month_figures,
    price_out,
    sum_by_day,
)
from billing.home.tasks import find_known
from billing.models import Payment
from billing.money import format_amount, format_amounts
from billing.payouts.alarms import add_up
from billing.payouts.outstanding import Cause, Waiting, list_waiting
from billing.periods import format_month, month_of, next_month, previous_month

CHART_DAYS = 30
WAITS_AS_PAYMENT = {
    Cause.HELD: "On hold",
    Cause.FAILED: "Failed at the bank",
    Cause.CARRIED: "Carried forward",
}


def list_cards(user: User) -> Iterator[Card]:
    """Yield this month's views and their cost; for authors, those of their own blogs too."""
    month = month_of(timezone.localdate())
    may_see_all = sees_all_views(user)
    if may_see_all:
        yield from _list_house_cards(user, month)
    if writes_blogs(user):
        yield from _list_author_cards(user, month)


def _list_house_cards(user: User, month: dt.date) -> Iterator[Card]:
    now, before, same_day = find_house_figures()
    last = f"{previous_month(month):%B}"
    views: Card = {
        "label": f"Views in {month:%B} so far",
        "value": group_digits(now.views),
        "note": f"{group_digits(before.views)} in all of {last}",
    }
    if user.has_perm("billing.view_monthlyviewcount"):
        page = reverse("admin:billing_monthlyviewcount_changelist")
        views["link"] = f"{page}?month={format_month(month)}"
    yield views
    if user.has_perm("billing.submit_payoutbatch"):
        yield from _list_payment_cards()
        yield from _waiting_cards(row for row in find_known() if row.cause not in WAITS_AS_PAYMENT)
    if user.has_perm("billing.view_payoutbatch"):
        unpriced = (
            f", and {group_digits(now.unpriced)} views without a price" if now.unpriced else ""
        )
        yield {
            "label": f"Cost of {month:%B} so far",
            "value": format_amounts(now.costs),
            "note": f"{format_amounts(same_day.costs)} up to the same day of {last}, "
            f"{format_amounts(before.costs)} in all of it{unpriced}",
        }


def find_house_figures() -> tuple[MonthFigures, MonthFigures, MonthFigures]:
    """Return the figures of this month, of all of the last, and of the last up to the same day."""
    today = timezone.localdate()
    month = month_of(today)
    sums, prices = find_recent_sums(), find_prices()
    parts = [(month, today), (previous_month(month), month - dt.timedelta(days=1))]
    last_day = min(today.day, parts[1][1].day)
    parts.append((parts[1][0], parts[1][0].replace(day=last_day)))
    now, before, same_day = (
        price_out({key: views for key, views in sums.items() if first <= key[0] <= last}, prices)
        for first, last in parts
    )
    return now, before, same_day


def find_recent_sums() -> DailySums:
    """Return the views of this month and the last, and of the chart's days. One query."""
    today = timezone.localdate()
    first = min(previous_month(month_of(today)), today - dt.timedelta(days=CHART_DAYS - 1))
    last = next_month(month_of(today)) - dt.timedelta(days=1)
    return once("billing.recent_sums", lambda: sum_by_day(first=first, last=last))


def find_prices() -> Prices:
    return once("billing.prices", load_prices)


def _list_author_cards(author: User, month: dt.date) -> Iterator[Card]:
    now = month_figures(month=month, author=author)
    before = month_figures(month=previous_month(month), author=author)
    earnings = reverse("admin:billing_earnings_changelist")
    yield {
        "label": f"Your views in {month:%B} so far",
        "value": group_digits(now.views),
        "note": f"{group_digits(before.views)} in all of {previous_month(month):%B}",
    }
    card = _earnings_card(now, month)
    waiting = list_waiting(at=timezone.now(), author=author)
    cards = [card, *_waiting_cards(row for row in waiting if row.since < month)]
    if author.has_perm("billing.view_own_statement"):
        cards = [one | {"link": earnings} for one in cards]
    yield from cards


def _list_payment_cards() -> Iterator[Card]:
    """Yield what the bank is to pay, and what waits of earlier payments, by cause."""
    page = reverse("admin:billing_payment_changelist")
    due = Payment.objects.due().values_list("batch__currency").order_by()
    rows = list(due.annotate(count=Count("pk"), sum=Sum("amount")))
    if rows:
        yield {
            "label": "Due at the bank",
            "value": " + ".join(format_amount(amount, currency=code) for code, _, amount in rows),
            "note": _count_payments(sum(count for _, count, _ in rows)),
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
    return not sees_all_views(user) or once("billing.own_blogs", user.blogs.exists)


def sees_all_views(user: User) -> bool:
    return user.has_perms(["weblog.view_all_blogs"]) or user.has_perm(
        "billing.view_monthlyviewcount"
    )
