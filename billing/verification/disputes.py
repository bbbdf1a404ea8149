"""Checks that no signed batch pays what its author disputed when it was submitted, and that no file
took a payment with a line whose author had no answer yet.

The moments are those that the rows state, which are never changed and leave a trace.
"""

from collections import Counter

from billing.day_views import parse_days
from billing.models import Dispute, ExportedPayment, PaymentLine, PayoutBatch, Verification
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
    """Check the lines that were in dispute, but for those by which the batch takes them off."""
    batch = PayoutBatch.objects.get(pk=key)
    for dispute in Dispute.objects.open_at(batch.submitted_at).order_by("pk"):
        lines = PaymentLine.objects.about(dispute).filter(payment__batch=batch)
        taken_off = {day: -views for day, views in parse_days(dispute.days).items()}
        for line in lines.order_by("pk"):
            if dispute.adjustment_id or parse_days(line.days) != taken_off:
                raise Difference(
                    line, "is on a batch", f"it was in dispute when that was submitted: {dispute}"
                )
        numbers["disputed"] += 1
    _check_files(batch)


def _check_files(batch: PayoutBatch) -> None:
    """Check that no file took a payment before its author had the answer about a line.

    Of what was asked before the approval: questions that came later moved no money in earlier
    versions.
    """
    approved_at = batch.second_approved_at or batch.approved_at or batch.submitted_at
    asked = Dispute.objects.filter(batch=batch, asked_at__lt=approved_at).select_related("answer")
    for dispute in asked.order_by("pk"):
        answer = getattr(dispute, "answer", None)
        lines = PaymentLine.objects.about(dispute).filter(payment__batch=batch)
        files = ExportedPayment.objects.filter(payment__lines__in=lines)
        if answer:
            files = files.filter(export__at__lt=answer.at)
        if taken := files.select_related("payment").order_by("pk").first():
            raise Difference(
                taken.payment, f"is in {taken.export}", f"its author had no answer yet: {dispute}"
            )
