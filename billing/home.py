"""Views and money on the home page: each user sees what the permissions allow."""

import datetime as dt
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format

from backoffice.home import (
    CHART,
    Card,
    Section,
    Task,
    make_chart,
    register_cards,
    register_sections,
    register_tasks,
)
from billing.figures import MonthFigures, latest_exclusions, month_figures, views_by_day
from billing.models import Finding, HandPayment, Payment, PayoutBatch
from billing.money import format_amounts, house_currency
from billing.payouts.alarms import add_up, describe, find_overdue
from billing.payouts.amounts import Amounts, add_up_batches
from billing.payouts.disputes import count_open
from billing.payouts.other_currencies import find_other_currencies
from billing.payouts.outstanding import Cause, Waiting, list_known, list_waiting
from billing.periods import month_of, previous_month

CHART_DAYS = 30
BATCHES_SHOWN = 12
EXCLUSIONS_SHOWN_FOR = dt.timedelta(days=92)


def offer_home() -> None:
    register_cards("billing", list_cards, order=10)
    register_tasks("billing", list_tasks, order=20)
    register_sections("billing", list_sections, order=20)


def list_cards(user: User) -> Iterator[Card]:
    """Yield this month's views and their cost; for authors, those of their own blogs."""
    if not (may_see_all := _sees_all_views(user)) and not user.has_perm("weblog.add_blog"):
        return
    author = None if may_see_all else user
    month = month_of(timezone.localdate())
    now = month_figures(month=month, author=author)
    before = month_figures(month=previous_month(month), author=author)
    last = f"{previous_month(month):%B}"
    yield {
        "label": f"{'Views' if may_see_all else 'Your views'} in {month:%B} so far",
        "value": _group(now.views),
        "note": f"{_group(before.views)} in all of {last}",
    }
    if author:
        yield _earnings_card(now, month)
        waiting = list_waiting(at=timezone.now(), author=author)
        yield from _waiting_cards(row for row in waiting if row.since < month)
    elif user.has_perm("billing.submit_payoutbatch"):
        yield from _waiting_cards(list_known())
    if user.has_perm("billing.view_payoutbatch"):
        unpriced = f", and {now.unpriced} views without a price" if now.unpriced else ""
        yield {
            "label": f"Cost of {month:%B} so far",
            "value": format_amounts(now.costs),
            "note": f"{format_amounts(before.costs)} in all of {last}{unpriced}",
        }


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
            "value": _group(sum(row.views for row in views)),
            "note": _describe_age(views),
        }


def _describe_age(rows: list[Waiting]) -> str:
    oldest, at = min(rows, key=lambda row: row.since), timezone.now()
    days = "1 day" if oldest.age(at) == 1 else f"{_group(oldest.age(at))} days"
    causes = ", ".join(dict.fromkeys(row.cause.label for row in rows))
    return f"{causes}; the oldest for {days}, since {oldest.since:%-d %B %Y}"


def _earnings_card(figures: MonthFigures, month: dt.date) -> Card:
    note = "paid after the month has closed"
    if figures.unpriced:
        views = "view has" if figures.unpriced == 1 else "views have"
        note = f"{note}; {_group(figures.unpriced)} {views} no price yet"
    return {
        "label": f"Your earnings in {month:%B} so far",
        "value": format_amounts(figures.costs),
        "note": note,
    }


def list_tasks(user: User) -> Iterator[Task]:
    """Yield the batches that wait for a step of this user."""
    if user.has_perm("billing.submit_payoutbatch"):
        yield from _unpriced_tasks()
        if overdue := find_overdue(list_known(), at=timezone.now()):
            days = settings.OUTSTANDING_ALARM_DAYS
            text = f"{describe(overdue)} waited for more than {days} days"
            yield {"text": text, "link": _where_overdue(overdue)}
        if number := count_open():
            what = "1 dispute waits" if number == 1 else f"{_group(number)} disputes wait"
            link = reverse("admin:billing_dispute_changelist", query={"state": "open"})
            yield {"text": f"{what} for an answer", "link": link}
        for batch in PayoutBatch.objects.drafts():
            asked = (
                "was returned to you" if batch.return_reason else "is a draft to check and submit"
            )
            yield _batch_task(f"The payout batch of {batch} {asked}", batch)
    if user.has_perm("billing.build_payoutbatch"):
        month = month_of(timezone.localdate())
        for other in find_other_currencies(house_currency(), until=month):
            text = f"Waits for a batch in {other.currency}, not {house_currency()}: {other}"
            yield {"text": text, "link": reverse("admin:billing_payoutbatch_changelist")}
    if user.has_perm("billing.approve_payoutbatch"):
        waiting = PayoutBatch.objects.awaiting_approval().exclude(submitted_by=user)
        for batch in waiting.exclude(approved_by=user):
            yield _batch_task(f"The payout batch of {batch} waits for an approver", batch)
    if user.has_perm("billing.settle_payoutbatch"):
        others = HandPayment.objects.filter(confirmed_at=None, withdrawn_at=None)
        for hand in others.exclude(proposed_by=user).select_related("payment"):
            text = (
                f"Somebody says that {hand.payment} was paid by hand: confirm it, or take it back"
            )
            yield {
                "text": text,
                "link": reverse("admin:billing_handpayment_change", args=[hand.pk]),
            }
        for batch in PayoutBatch.objects.awaiting_results():
            text = f"The payments of {batch} are to be made, and the bank's results recorded"
            yield _batch_task(text, batch)


def _unpriced_tasks() -> Iterator[Task]:
    """Yield the task to add the prices that views wait for, or to exclude the views."""
    open_ones = Finding.objects.filter(kind=Finding.Kind.UNPRICED, status=Finding.Status.OPEN)
    if views := open_ones.aggregate(sum=Sum("views"))["sum"]:
        categories = open_ones.order_by("category__name").values_list("category__name", flat=True)
        number = "1 view waits" if views == 1 else f"{_group(views)} views wait"
        names = ", ".join(categories.distinct())
        query = {"kind__exact": "unpriced", "status__exact": "open"}
        yield {
            "text": f"{number} for a price of {names}: add it, or exclude them",
            "link": reverse("admin:billing_finding_changelist", query=query),
        }


def _where_overdue(overdue: list[Waiting]) -> str:
    """Return the page of what is overdue: the payments, or else the findings or adjustments."""
    causes = {row.cause for row in overdue}
    if causes & {Cause.HELD, Cause.CARRIED, Cause.FAILED}:
        return reverse("admin:billing_payment_changelist", query={"waits": "yes"})
    if Cause.UNPRICED in causes:
        query = {"kind__exact": "unpriced", "status__exact": "open"}
        return reverse("admin:billing_finding_changelist", query=query)
    return reverse("admin:billing_adjustment_changelist", query={"state": "waiting"})


def _batch_task(text: str, batch: PayoutBatch) -> Task:
    return {"text": text, "link": reverse("admin:billing_payoutbatch_change", args=[batch.pk])}


def list_sections(user: User) -> Iterator[Section]:
    """Yield an author's recently excluded views, the open batches, and the chart of views."""
    today, is_author = timezone.localdate(), user.has_perm("weblog.add_blog")
    if is_author:
        since = month_of(today - EXCLUSIONS_SHOWN_FOR)
        if exclusions := latest_exclusions(author=user, since=since):
            yield Section("exclusions", "billing/home/exclusions.html", exclusions)
    if user.has_perm("billing.view_payoutbatch") and (batches := _list_batches()):
        yield Section("batches", "billing/home/batches.html", batches)
    if (may_see_all := _sees_all_views(user)) or is_author:
        first = today - dt.timedelta(days=CHART_DAYS - 1)
        days = views_by_day(first=first, last=today, author=None if may_see_all else user)
        title = "Views per day" if may_see_all else "Views of your blogs per day"
        yield Section("views", CHART, make_chart(days, title=title, unit="views"))


def _list_batches() -> list[tuple[PayoutBatch, Amounts]]:
    """Return the batches that are not settled or that hold waiting money, and the latest one."""
    batches = PayoutBatch.objects.standing().with_state().order_by("-month")
    owed = Payment.objects.owed().filter(batch=OuterRef("pk"))
    is_open = ~Q(state_key=PayoutBatch.State.SETTLED) | Exists(owed)
    shown = {batch.pk: batch for batch in (*batches[:1], *batches.filter(is_open)[:BATCHES_SHOWN])}
    amounts = add_up_batches(shown.values())
    return [(batch, amounts[pk]) for pk, batch in shown.items()]


def _sees_all_views(user: User) -> bool:
    return user.has_perms(["weblog.view_all_blogs"]) or user.has_perm(
        "billing.view_monthlyviewcount"
    )


def _group(number: int) -> str:
    return number_format(number, force_grouping=True)
