"""What the audit trail tells of disputes: who asked what, and who answered."""

from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.text import capfirst

from backoffice.trail_sources import Deed, TrailSource, register_trail_source
from billing.models import Dispute, DisputeAnswer

ASKED, ANSWERED = "Disputes", "Answers to disputes"


def offer_disputes() -> None:
    register_trail_source(
        TrailSource(
            key="billing.dispute",
            label=ASKED,
            find_rows=_find_questions,
            describe=_describe_question,
        )
    )
    register_trail_source(
        TrailSource(
            key="billing.dispute_answer",
            label=ANSWERED,
            find_rows=_find_answers,
            describe=_describe_answer,
        )
    )


def _find_questions() -> QuerySet[Dispute]:
    facts = {"by": F("author"), "at": F("asked_at"), "reason": F("question")}
    return Dispute.objects.annotate(**facts).select_related("author")


def _find_answers() -> QuerySet[DisputeAnswer]:
    answers = DisputeAnswer.objects.annotate(reason=F("text"))
    return answers.select_related("by", "dispute")


def _describe_question(dispute: Any) -> Deed:
    text = "Asked about a line"
    return _make_deed(dispute, dispute.author, dispute.asked_at, ASKED, text, dispute.question)


def _describe_answer(answer: Any) -> Deed:
    text = capfirst(answer.get_outcome_display())
    return _make_deed(answer.dispute, answer.by, answer.at, ANSWERED, text, answer.text)


def _make_deed(dispute, by, at, kind: str, text: str, reason: str) -> Deed:
    return Deed(
        at=at,
        by=by,
        kind=kind,
        subject=str(dispute),
        text=text,
        reason=reason,
        url=reverse("admin:billing_dispute_change", args=[dispute.pk]),
        permission="billing.view_dispute",
    )
