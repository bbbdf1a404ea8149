"""The checks that stop a batch from being submitted until something is put right."""

from django.conf import settings
from django.urls import reverse

from backoffice.people import full_name
from backoffice.reasons import has_word
from billing.counting.spool_status import spool_status
from billing.counting.stream.gaps import (
    count_open,
    count_silent_writers,
    find_unequal,
    was_drained_after,
)
from billing.models import Adjustment, BlogView, PayoutBatch
from billing.payouts.batch_checks import blocks, count_are, explained_url, list_names, list_url
from billing.payouts.disputes import find_disputed_lines, name_disputed
from billing.payouts.due import find_unpriced, find_unpriced_categories
from billing.payouts.other_currencies import find_other_currencies
from billing.periods import next_month


def _without_payments(batch):
    return PayoutBatch.objects.filter(pk=batch.pk, payments=None)


@blocks("nothing_to_pay", rows=_without_payments)
def block_nothing_to_pay(batch):
    if batch.payments.exists():
        return None
    message = "There is nothing in this batch to pay or to carry forward."
    if waiting := find_other_currencies(batch.currency, until=batch.month):
        message += (
            f" It is in {batch.currency}, and in another currency there waits: "
            f"{list_names([str(each) for each in waiting])}. If CURRENCY was changed by mistake, "
            f"have the administrators set it back, and cancel this batch: then the next is right."
        )
    else:
        message += " Cancel it."
    return (
        message,
        reverse("admin:billing_payoutbatch_change", args=[batch.pk]),
    )


@blocks("unpriced_views", rows=find_unpriced_categories)
def block_unpriced_views(batch):
    unpriced = find_unpriced(batch.month)
    categories = [row.name for row in unpriced if row.category not in batch.left_out_categories]
    if not categories:
        return None
    return (
        f"{', '.join(categories)} had views in {batch} on days without a price. Add the missing "
        "price, from a day early enough, and rebuild the batch; or leave these views out, with "
        "the button “Build without them”.",
        reverse("admin:billing_categoryprice_add"),
    )


def _pending(batch):
    return BlogView.objects.pending().filter(day__lt=next_month(batch.month))


@blocks("pending_views", rows=_pending)
def block_pending_views(batch):
    number = _pending(batch).count()
    if not number:
        return None
    return (
        f"{count_are(number, 'view')} still to be counted, up to the end of {batch}. That happens "
        "every few minutes: try again soon. If it does not, tell the administrators that the job "
        "fold_views does not run.",
        list_url("blogview", outcome__exact=BlogView.Outcome.PENDING),
    )


@blocks("spooled_views")
def block_spooled_views(batch):
    months = spool_status().by_month
    number = sum(views for month, views in months.items() if month <= batch.month)
    if not number:
        return None
    return (
        f"{count_are(number, 'view')} still in the spool, up to the end of {batch}: the database "
        "did not take them. The job fold_views does, every few minutes: try again soon. If it "
        "does not, tell the administrators.",
        explained_url(batch),
    )


def _unequal(batch):
    return find_unequal(until=next_month(batch.month))


@blocks("streamed_views", rows=_unequal)
def block_streamed_views(batch):
    number = count_open(until=next_month(batch.month))
    if not number:
        return None
    return (
        f"{count_are(number, 'view')} still under way through the broker, up to the end of "
        f"{batch}: try again soon. If that does not help, ask the administrators whether "
        "imprint-views@ and the job fold_views run.",
        explained_url(batch),
    )


@blocks("broker_not_empty")
def block_broker_not_empty(batch):
    if not settings.VIEWS_BROKER or was_drained_after(batch.month):
        return None
    return (
        f"The broker was not found empty since the end of {batch}, so views may wait in it that "
        "count: try again soon. If that does not help, ask the administrators whether "
        "imprint-views@ runs.",
        explained_url(batch),
    )


@blocks("silent_processes")
def block_silent_processes(batch):
    number = count_silent_writers(batch.month) if settings.VIEWS_BROKER else 0
    if not number:
        return None
    processes = "1 web process has" if number == 1 else f"{number:,} web processes have"
    return (
        f"{processes} not said since the end of {batch} how many views of its last day went "
        "through the broker: try again soon. If that does not help, ask the administrators whether "
        "the job fold_views runs on each machine.",
        explained_url(batch),
    )


@blocks("disputed_lines", rows=find_disputed_lines)
def block_disputed_lines(batch):
    if not (about := name_disputed(batch)):
        return None
    return (
        f"In dispute since this batch was built: {about}. Rebuild the batch: what is in dispute "
        "then waits for its answer, and the rest is paid. Or answer first.",
        list_url("dispute", state="open"),
    )


def _adjustments(batch):
    return Adjustment.objects.filter(lines__payment__batch=batch)


@blocks("adjustment_without_reason", rows=_adjustments)
def block_adjustments_without_reason(batch):
    adjustments = _adjustments(batch).select_related("author").order_by("author__last_name", "pk")
    authors = [
        full_name(adjustment.author)
        for adjustment in adjustments
        if not has_word(adjustment.reason)
    ]
    if not authors:
        return None
    return (
        f"{count_are(len(authors), 'adjustment')} without a reason, for {list_names(authors)}. "
        "Write why, or withdraw what has no reason, and rebuild the batch.",
        list_url("adjustment", state="draft"),
    )
