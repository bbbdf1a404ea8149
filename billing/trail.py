"""What the audit trail tells of money beside histories: corrected results, and comments."""

from typing import Any

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.urls import reverse

from backoffice.trail_sources import Deed, TrailSource, register_trail_source
from billing.models import BatchAttachment, BatchComment, PaymentResult

CORRECTIONS = "billing.corrected_result"
LABEL = "Corrected bank results"
COMMENTS = "billing.batchcomment"
COMMENTS_LABEL = "Comments on batches"


def offer_corrections() -> None:
    register_trail_source(
        TrailSource(
            key=CORRECTIONS,
            label=LABEL,
            find_rows=find_corrections,
            describe=_describe,
        )
    )
    register_trail_source(
        TrailSource(
            key=COMMENTS, label=COMMENTS_LABEL, find_rows=find_comments, describe=_describe_comment
        )
    )


def find_comments() -> QuerySet[BatchComment]:
    comments = BatchComment.objects.annotate(reason=F("text"))
    return comments.select_related("by", "batch").prefetch_related(
        Prefetch("attachments", BatchAttachment.objects.defer("content"))
    )


def _describe_comment(comment: Any) -> Deed:
    files = ", ".join(
        f"{file.file_name} (SHA-256 {file.sha256})" for file in comment.attachments.all()
    )
    return Deed(
        at=comment.at,
        by=comment.by,
        kind=COMMENTS_LABEL,
        subject=str(comment.batch),
        text=f"Commented, with {files}" if files else "Commented",
        reason=comment.text,
        url=reverse("admin:billing_payoutbatch_change", args=[comment.batch_id]),
        permission="billing.view_payoutbatch",
    )


def find_corrections() -> QuerySet[PaymentResult]:
    """Return the results of payments that had another before, with that one's `earlier` outcome."""
    before = PaymentResult.objects.filter(payment=OuterRef("payment"), pk__lt=OuterRef("pk"))
    earlier = Subquery(before.order_by("-pk").values("outcome")[:1])
    results = PaymentResult.objects.annotate(earlier=earlier).filter(earlier__isnull=False)
    return results.select_related("by", "payment")


def _describe(result: Any) -> Deed:
    payment = result.payment
    return Deed(
        at=result.at,
        by=result.by,
        kind=LABEL,
        subject=f"{payment.reference}, {payment.author_name}",
        text=f"Recorded as {result.earlier} before, and as {result.outcome} after all",
        reason=result.reason,
        url=reverse("admin:billing_payment_change", args=[payment.pk]),
        permission="billing.view_payment",
    )
