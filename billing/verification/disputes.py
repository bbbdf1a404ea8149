"""Checks that no signed batch pays what its author disputed when it was submitted.

The moments are those that the rows state, which are never changed and leave a trace.
"""

from collections import Counter

from billing.day_views import parse_days
from billing.models import Dispute, PaymentLine, PayoutBatch, Verification
from billing.verification.differences import Difference

Key = tuple[int, int, int]  # blog, author, category


def find_disputed_then(batch: PayoutBatch) -> dict[tuple[Key, int], Dispute]:
    """Return {(blog, price): the dispute} of views perhaps in dispute at the submission."""
    disputes = Dispute.objects.perhaps_open_at(batch.submitted_at).filter(blog__isnull=False)
    return {
        ((dispute.blog_id, dispute.author_id, dispute.category_id), dispute.price_id): dispute
        for dispute in disputes
    }


def check_disputes(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that the batch has no line that was in dispute, but for what it takes off."""
    batch = PayoutBatch.objects.get(pk=key)
    for dispute in Dispute.objects.open_at(batch.submitted_at).order_by("pk"):
        lines = PaymentLine.objects.filter(payment__batch=batch, payment__author=dispute.author_id)
        if dispute.adjustment_id:
            lines = lines.filter(adjustment=dispute.adjustment_id)
        else:
            lines = lines.filter(
                blog=dispute.blog_id,
                category=dispute.category_id,
                month=dispute.month,
                price=dispute.price_id,
            )
        taken_off = {day: -views for day, views in parse_days(dispute.days).items()}
        for line in lines.order_by("pk"):
            if dispute.adjustment_id or parse_days(line.days) != taken_off:
                raise Difference(
                    line, "is on a batch", f"it was in dispute when that was submitted: {dispute}"
                )
        numbers["disputed"] += 1
