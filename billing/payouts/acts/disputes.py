"""Answers to disputes: the batch pays the line that waited for them."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import QuerySet, Sum

from billing.models import BatchAct, Dispute, DisputeAnswer, PaymentLine, PayoutBatch
from billing.payouts.acts.window import Act, Period
from billing.payouts.disputed import find_lines


def find_lines_of(dispute: Dispute, batch: PayoutBatch) -> QuerySet:
    """Return the lines of the batch that the dispute is about."""
    lines = (
        find_lines(dispute)
        if dispute.blog_id
        else PaymentLine.objects.filter(adjustment=dispute.adjustment_id)
    )
    return lines.filter(payment__batch=batch)


def find_dispute_acts(period: Period) -> Iterator[Act]:
    """Yield who answered a dispute whose line the batch pays. A query for each answer."""
    answers = DisputeAnswer.objects.exclude(outcome=DisputeAnswer.Outcome.WITHDRAWN)
    if period.batch.submitted_at:
        answers = answers.filter(at__lte=period.batch.submitted_at)
    if period.stated_start:
        answers = answers.filter(at__gte=period.stated_start)
    for answer in answers.select_related("dispute").order_by("pk"):
        dispute = answer.dispute
        own = find_lines_of(dispute, period.batch).aggregate(sum=Sum("amount"))["sum"]
        if own is not None:
            yield Act(
                BatchAct.Kind.DISPUTE,
                f"dispute {dispute.pk}",
                f"Answered the dispute about {dispute}"[:500],
                Decimal(own),
                answer.by_id,
                answer.at,
            )
