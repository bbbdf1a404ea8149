"""The steps of the batches that wait for a user."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from backoffice.home import Task, once
from billing.figures import group_digits
from billing.models import Finding, HandPayment, PayoutBatch
from billing.money import house_currency
from billing.payouts.alarms import describe, find_overdue
from billing.payouts.disputes import count_open
from billing.payouts.other_currencies import find_other_currencies
from billing.payouts.outstanding import Cause, Waiting, list_known
from billing.periods import month_of


def list_tasks(user: User) -> Iterator[Task]:
    """Yield the batches that wait for a step of this user."""
    if user.has_perm("billing.submit_payoutbatch"):
        yield from _unpriced_tasks()
        if overdue := find_overdue(find_known(), at=timezone.now()):
            days = settings.OUTSTANDING_ALARM_DAYS
            text = f"{describe(overdue)} waited for more than {days} days"
            yield {"text": text, "link": _where_overdue(overdue)}
        if number := count_open():
            what = "1 dispute waits" if number == 1 else f"{group_digits(number)} disputes wait"
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
        number = "1 view waits" if views == 1 else f"{group_digits(views)} views wait"
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


def find_known() -> list[Waiting]:
    """Return what is known to wait: several parts of the page ask, the database is asked once."""
    return once("billing.known", lambda: list(list_known()))
