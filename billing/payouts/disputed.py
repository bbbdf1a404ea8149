"""What does not go into a batch because its author disputes it.

Views whose line is in dispute are on no batch until they have their answer: then the next batch
pays them, at their price, like views that came late. If the line stands on a payment that was kept
back or failed, whose sum comes into this batch as a whole, they come off it with a minus. A line
on a payment that is signed to be paid is paid: that dispute is a question, and no money moves.
"""

import datetime as dt
from collections import Counter
from typing import NamedTuple

from billing.day_views import parse_days
from billing.models import Dispute, Payment, PaymentLine, PayoutBatch


class ViewsKey(NamedTuple):
    """What makes a line of views the same line in each batch."""

    author: int
    blog: int
    category: int
    month: dt.date
    price: int


def key_of(dispute: Dispute) -> ViewsKey:
    return ViewsKey(
        dispute.author_id,
        dispute.blog_id,  # type: ignore[arg-type]
        dispute.category_id,  # type: ignore[arg-type]
        dispute.month,
        dispute.price_id,  # type: ignore[arg-type]
    )


def find_disputed_views(batch: PayoutBatch) -> dict[ViewsKey, dict[int, int]]:
    """Return {what is in dispute: the days that the batch has of it}: none, or those to take off.

    A few queries for each open dispute about views.
    """
    disputes = Dispute.objects.open().filter(blog__isnull=False).select_related("batch")
    return {key_of(dispute): find_taken_off(dispute, batch) for dispute in disputes}


def find_disputed_adjustments() -> set[int]:
    disputes = Dispute.objects.open().filter(adjustment__isnull=False)
    return set(disputes.values_list("adjustment", flat=True))


def find_taken_off(dispute: Dispute, batch: PayoutBatch) -> dict[int, int]:
    """Return {day: views with the other sign} where the batch takes in a sum with the line."""
    last = find_last_payment(dispute, apart_from=batch)
    if last is None or not is_kept_back(last, batch):
        return {}
    held = sum_days(dispute, apart_from=batch)
    days = parse_days(dispute.days)
    is_held = all(0 < views <= held[day] or held[day] <= views < 0 for day, views in days.items())
    return {day: -views for day, views in days.items()} if is_held else {}


def is_kept_back(payment: Payment, batch: PayoutBatch | None = None) -> bool:
    """Whether the payment's sum waits; with a batch, for that one."""
    waiting = Payment.objects.outstanding(apart_from=batch if batch and batch.pk else None)
    if batch:
        waiting = waiting.filter(batch__month__lt=batch.month, batch__currency=batch.currency)
    return waiting.filter(pk=payment.pk).exists()


def find_last_payment(dispute: Dispute, *, apart_from: PayoutBatch | None) -> Payment | None:
    """Return the payment that holds the sum with the line by now: later ones take over a sum."""
    payments = Payment.objects.standing()
    lines = PaymentLine.objects.about(dispute)  # else a draft was built anew without it
    payment = payments.filter(reference=dispute.reference, lines__in=lines).first()
    while payment:
        lines = payment.carried_to.standing()
        if apart_from and apart_from.pk:
            lines = lines.exclude(payment__batch=apart_from)
        line = lines.select_related("payment").first()
        if line is None:
            break
        payment = line.payment
    return payment


def sum_days(dispute: Dispute, *, apart_from: PayoutBatch | None) -> Counter[int]:
    """Return the views of what is in dispute on standing batches, by the day of the month."""
    days: Counter[int] = Counter()
    for text in find_lines(dispute, apart_from=apart_from).values_list("days", flat=True):
        for day, views in parse_days(text).items():
            days[day] += views
    return days


def find_lines(dispute: Dispute, *, apart_from: PayoutBatch | None = None):
    """Return the lines on standing batches that are the same line as the disputed one."""
    lines = PaymentLine.objects.standing().about(dispute)
    return lines.exclude(payment__batch=apart_from) if apart_from and apart_from.pk else lines
