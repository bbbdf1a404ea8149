"""The steps of the batches that wait for a user."""

from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Aggregate, CharField, Count, Max, QuerySet, Sum, Value
from django.urls import reverse
from django.utils import timezone

from backoffice.home import Task, is_shown, once
from billing.figures import Prices, group_digits, load_prices
from billing.home.batches import list_batches
from billing.home.parts import APPROVAL, PAYMENTS
from billing.models import Dispute, Finding, HandPayment, PayoutBatch
from billing.money import house_currency
from billing.payouts.alarms import describe, find_overdue
from billing.payouts.other_currencies import find_other_currencies
from billing.payouts.outstanding import Cause, Waiting, list_known
from billing.periods import month_of

Status = PayoutBatch.Status
UNPRICED, DISPUTES, BY_HAND = "unpriced", "disputes", "by hand"


def list_tasks(user: User) -> Iterator[Task]:
    """Yield the batches that wait for a step of this user."""
    if is_shown(PAYMENTS):
        yield from _list_payment_tasks(user)
    if is_shown(APPROVAL) and user.has_perm("billing.approve_payoutbatch"):
        for batch in list_batches(Status.SUBMITTED):
            if user.pk not in (batch.submitted_by_id, batch.approved_by_id):
                yield _batch_task(f"The payout batch of {batch} waits for an approver", batch)


def _list_payment_tasks(user: User) -> Iterator[Task]:
    if user.has_perm("billing.submit_payoutbatch"):
        yield from _list_unpriced_tasks(user)
        if overdue := find_overdue(find_known(), at=timezone.now()):
            days = settings.OUTSTANDING_ALARM_DAYS
            text = f"{describe(overdue)} waited for more than {days} days"
            yield {"text": text, "link": _where_overdue(overdue)}
        if number := sum(row.number for row in _ask(user) if row.kind == DISPUTES):
            what = "1 dispute waits" if number == 1 else f"{group_digits(number)} disputes wait"
            link = reverse("admin:billing_dispute_changelist", query={"state": "open"})
            yield {"text": f"{what} for an answer", "link": link}
        for batch in list_batches(Status.DRAFT):
            asked = (
                "was returned to you" if batch.return_reason else "is a draft to check and submit"
            )
            yield _batch_task(f"The payout batch of {batch} {asked}", batch)
    if user.has_perm("billing.build_payoutbatch") and _has_other_currencies():
        month = month_of(timezone.localdate())
        for other in find_other_currencies(house_currency(), until=month, with_late=False):
            text = f"Waits for a batch in {other.currency}, not {house_currency()}: {other}"
            yield {"text": text, "link": reverse("admin:billing_payoutbatch_changelist")}
    if user.has_perm("billing.settle_payoutbatch"):
        for _, reference, hand in (row for row in _ask(user) if row.kind == BY_HAND):
            text = f"Somebody says that {reference} was paid by hand: confirm it, or take it back"
            yield {"text": text, "link": reverse("admin:billing_handpayment_change", args=[hand])}
        for batch in list_batches(Status.APPROVED):
            text = f"The payments of {batch} are to be made, and the bank's results recorded"
            yield _batch_task(text, batch)


class Asked(NamedTuple):
    """Something that waits for an answer; `number` is of views, of disputes, or a key."""

    kind: str
    name: str
    number: int


def _ask(user: User) -> list[Asked]:
    """Return what waits for finance. One query.

    Views without a price by category, the number of open disputes, and payments by hand that
    somebody else has proposed.
    """
    return once("billing.asked", lambda: [Asked(*row) for row in _find_asked(user)])


def _find_asked(user: User) -> QuerySet:
    unpriced = Finding.objects.filter(kind=Finding.Kind.UNPRICED, status=Finding.Status.OPEN)
    disputes = Dispute.objects.open().annotate(no_name=_text(""))
    by_hand = HandPayment.objects.filter(confirmed_at=None, withdrawn_at=None)
    parts = [
        _mark(UNPRICED, unpriced, "category__name", Sum("views")),
        _mark(DISPUTES, disputes, "no_name", Count("pk")),
        _mark(BY_HAND, by_hand.exclude(proposed_by=user), "payment__reference", Max("pk")),
    ]
    return parts[0].union(*parts[1:], all=True).order_by()


def _mark(kind: str, rows: QuerySet, name: str, number: Aggregate) -> QuerySet:
    named = rows.order_by().annotate(asked=_text(kind)).values_list("asked", name)
    return named.annotate(number=number)


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def _list_unpriced_tasks(user: User) -> Iterator[Task]:
    """Yield the task to add the prices that views wait for, or to exclude the views."""
    categories = {row.name: row.number for row in _ask(user) if row.kind == UNPRICED}
    if views := sum(categories.values()):
        number = "1 view waits" if views == 1 else f"{group_digits(views)} views wait"
        names = ", ".join(sorted(categories))
        query = {"kind__exact": "unpriced", "status__exact": "open"}
        yield {
            "text": f"{number} for a price of {names}: add it, or exclude them",
            "link": reverse("admin:billing_finding_changelist", query=query),
        }


def _has_other_currencies() -> bool:
    """Whether any price, or anything that waits, is not in the currency of the house."""
    currencies = {row.currency for row in find_known()}
    return bool(currencies.union(price.currency for price in find_prices()) - {house_currency()})


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


def find_known() -> list[Waiting]:
    """Return what is known to wait: several parts of the page ask, the database is asked once."""
    return once("billing.known", lambda: list(list_known(prices=find_prices())))


def find_prices() -> Prices:
    return once("billing.prices", load_prices)
