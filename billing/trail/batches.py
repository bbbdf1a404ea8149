"""What is said of a batch and of its payments: bank results, comments, answers to flags."""

from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.urls import reverse

from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource, register_trail_source
from billing.models import (
    Acknowledgement,
    BatchAttachment,
    BatchComment,
    Payment,
    PaymentResult,
    PayoutBatch,
)
from billing.money import format_amount

RESULTS = "billing.paymentresult"
COMMENTS = "billing.batchcomment"
ANSWERS = "billing.acknowledgement"


def offer_batches() -> None:
    register_trail_source(
        TrailSource(
            key=RESULTS,
            label="Bank results and their corrections",
            model=PaymentResult,
            describe=_describe_results,
            select=_with_earlier,
            words=("reason", "bank_reference"),
            permission="billing.view_payment",
        )
    )
    register_trail_source(
        TrailSource(
            key=COMMENTS,
            label="Comments on batches",
            model=BatchComment,
            describe=_describe_comments,
            select=_with_files,
            words=("text",),
            permission="billing.view_payoutbatch",
        )
    )
    register_trail_source(
        TrailSource(
            key=ANSWERS,
            label="Answers to flags of batches",
            model=Acknowledgement,
            describe=_describe_answers,
            select=lambda rows: rows.select_related("by", "batch"),
            words=("flag", "message", "text"),
            permission="billing.view_payoutbatch",
        )
    )


def _with_earlier(results: QuerySet) -> QuerySet:
    """Return the results, each with the `earlier` outcome that it corrects."""
    before = PaymentResult.objects.filter(payment=OuterRef("payment"), pk__lt=OuterRef("pk"))
    earlier = Subquery(before.order_by("-pk").values("outcome")[:1])
    return results.annotate(earlier=earlier).select_related("by", "payment__batch")


def _describe_results(results: list[Any]) -> Iterable[Entry]:
    for result in results:
        payment = result.payment
        text = format_amount(payment.amount, currency=payment.batch.currency)
        if result.value_date:
            text += f", on {result.value_date:%-d %b %Y}"
        if result.bank_reference:
            text += f", bank’s reference {result.bank_reference}"
        if result.by_hand_id:
            text += ", by hand"
        if result.earlier:
            text = f"Recorded as {result.earlier} before, and as {result.outcome} after all. {text}"
        yield Entry(
            at=result.at,
            by=result.by,
            action="Corrected" if result.earlier else result.get_outcome_display(),
            tone="warning" if result.earlier else {"paid": "success"}.get(result.outcome, "danger"),
            kind="bank result",
            subject=f"{payment.reference}, {payment.author_name}",
            text=text,
            reason=result.reason,
            place=(Payment, payment.pk),
            url=reverse("admin:billing_payment_change", args=[payment.pk]),
            permission="billing.view_payment",
        )


def _with_files(comments: QuerySet) -> QuerySet:
    return comments.select_related("by", "batch").prefetch_related(
        Prefetch("attachments", BatchAttachment.objects.defer("content"))
    )


def _describe_comments(comments: list[Any]) -> Iterable[Entry]:
    for comment in comments:
        files = ", ".join(
            f"{file.file_name} (SHA-256 {file.sha256})" for file in comment.attachments.all()
        )
        yield _of_batch(
            comment,
            action="Answered" if comment.answers_id else "Commented",
            kind="comment",
            text=f"With {files}" if files else "",
        )


def _describe_answers(answers: list[Any]) -> Iterable[Entry]:
    for answer in answers:
        yield _of_batch(answer, action="Flag answered", kind="approval", text=answer.message)


def _of_batch(row: Any, *, action: str, kind: str, text: str) -> Entry:
    return Entry(
        at=row.at,
        by=row.by,
        action=action,
        kind=kind,
        subject=str(row.batch),
        text=text,
        reason=row.text,
        place=(PayoutBatch, row.batch_id),
        url=reverse("admin:billing_payoutbatch_change", args=[row.batch_id]),
        permission="billing.view_payoutbatch",
    )
