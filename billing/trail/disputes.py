"""What the audit trail tells of disputes: who asked what, and who answered."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.text import capfirst

from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource, register_trail_source
from billing.models import Dispute, DisputeAnswer

ASKED, ANSWERED = "billing.dispute", "billing.dispute_answer"


def offer_disputes() -> None:
    register_trail_source(
        TrailSource(
            key=ASKED,
            label="Disputes",
            model=Dispute,
            describe=_describe_questions,
            select=lambda rows: rows.select_related("author"),
            at="asked_at",
            by="author",
            words=("question", "name", "reference"),
            names=("category",),
            permission="billing.view_dispute",
        )
    )
    register_trail_source(
        TrailSource(
            key=ANSWERED,
            label="Answers to disputes",
            model=DisputeAnswer,
            describe=_describe_answers,
            select=lambda rows: rows.select_related("by", "dispute__author"),
            words=("text",),
            permission="billing.view_dispute",
        )
    )


def _describe_questions(disputes: list[Any]) -> Iterable[Entry]:
    for dispute in disputes:
        yield _make_entry(
            dispute,
            at=dispute.asked_at,
            by=dispute.author,
            action="Asked",
            text="Asked about a line",
            reason=dispute.question,
        )


def _describe_answers(answers: list[Any]) -> Iterable[Entry]:
    for answer in answers:
        yield _make_entry(
            answer.dispute,
            at=answer.at,
            by=answer.by,
            action="Answered",
            text=capfirst(answer.get_outcome_display()),
            reason=answer.text,
        )


def _make_entry(dispute: Any, **facts: Any) -> Entry:
    return Entry(
        kind="dispute",
        subject=str(dispute),
        url=reverse("admin:billing_dispute_change", args=[dispute.pk]),
        permission="billing.view_dispute",
        **facts,
    )
