"""Panels of those who look at others' work: approvers, and auditors."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    F,
    Max,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince

from backoffice.home import Section
from billing.figures import group_digits
from billing.home.unusual import list_unusual
from billing.models import Finding, LostViewTotal, PayoutBatch, Seal, Verification
from billing.payouts.batch_checks import count_flags
from billing.payouts.four_eyes import find_known_objections

LOOKED_AT = 2  # batches whose flags and limits are worked out: a house has one a month


class Fact(NamedTuple):
    """A line of the auditor's panel."""

    name: str
    value: str
    link: str


def list_approver_sections(user: User) -> Iterator[Section]:
    """Yield what waits for a signature, with its flags and what is known to bar this user.

    The page of the batch alone says that somebody may sign: what they did is read in histories.
    Three queries, five with two batches.
    """
    batches = PayoutBatch.objects.awaiting_approval().with_totals().select_related("submitted_by")
    waiting = [_describe_waiting(batch, user) for batch in batches.order_by("month")[:LOOKED_AT]]
    yield Section("approvals", "billing/home/approvals.html", waiting)


def _describe_waiting(batch: PayoutBatch, user: User) -> dict[str, Any]:
    at = timezone.now()
    return {
        "batch": batch,
        "age": timesince(batch.submitted_at, at, depth=1) if batch.submitted_at else "",
        "flags": count_flags(batch),
        "limits": find_known_objections(batch=batch, by=user, at=at),
    }


def list_auditor_sections(user: User) -> Iterator[Section]:
    yield Section("proof", "billing/home/proof.html", list(_list_facts()))
    yield Section("unusual", "billing/home/unusual.html", list_unusual())


def _list_facts() -> Iterator[Fact]:
    seal, findings, lost = _find_seal_findings_and_losses()
    page = reverse("admin:billing_seal_changelist")
    if seal:
        at = date_format(timezone.localtime(seal.at), "DATETIME_FORMAT")
        yield Fact("Last seal", f"Number {group_digits(seal.number)}, {at}", page)
    else:
        yield Fact("Last seal", "Nothing is sealed yet", page)
    yield _describe_verification()
    link = reverse("admin:billing_finding_changelist", query={"status__exact": "open"})
    yield Fact("Open findings", group_digits(findings), link)
    yield from _describe_acts()
    link = reverse("admin:billing_views_explained_changelist")
    yield Fact("Views lost for good", group_digits(lost), link)


def _describe_acts() -> Iterator[Fact]:
    """Yield how many acts bar somebody from approving the latest batch that was signed."""
    signed = Q(acts__digest=F("digest"))
    batch = (
        PayoutBatch.objects.signed()
        .annotate(act_count=Count("acts", filter=signed))
        .annotate(people=Count("acts__by", filter=signed, distinct=True))
        .order_by("-month", "-pk")
        .first()
    )
    if batch:
        people = "1 person" if batch.people == 1 else f"{batch.people} people"
        acts, noun = group_digits(batch.act_count), "act" if batch.act_count == 1 else "acts"
        said = f"{acts} {noun} of {people}, for {batch}" if batch.act_count else "None"
        link = reverse("admin:billing_payoutbatch_change", args=[batch.pk])
        yield Fact("Acts that bar somebody from approving", said, link)


class _Number(NamedTuple):
    what: str
    number: int
    at: dt.datetime | None


def _find_seal_findings_and_losses() -> tuple[_Number | None, int, int]:
    """Return the latest seal, how many findings are open, and how many views are lost. One query.

    The table of seals is a chain: its head is the one with the highest number.
    """
    moment = Cast(Value(None), DateTimeField())
    findings = Finding.objects.filter(status=Finding.Status.OPEN).order_by()
    highest = Seal.objects.order_by("-number").values("number")[:1]
    head = Seal.objects.filter(number=Subquery(highest))
    kinds = (
        ("seal", head.order_by(), Max("number"), Max("at")),
        ("findings", findings, Count("pk"), moment),
        ("lost", LostViewTotal.objects.order_by(), Sum("views", default=0), moment),
    )
    parts = [
        rows.annotate(what=Value(what, output_field=CharField()))
        .values_list("what")
        .annotate(figure=number, moment=at)
        for what, rows, number, at in kinds
    ]
    rows = {row[0]: _Number(*row) for row in parts[0].union(*parts[1:], all=True).order_by()}
    found = {what: rows.get(what, _Number(what, 0, None)) for what, *_ in kinds}
    return (
        found["seal"] if found["seal"].at else None,
        found["findings"].number,
        found["lost"].number,
    )


def _describe_verification() -> Fact:
    page = reverse("admin:billing_verification_changelist")
    run = Verification.objects.order_by("-pk").first()
    if run is None:
        return Fact("Last verification", "None yet: begin one", page)
    at = date_format(timezone.localtime(run.started_at), "DATETIME_FORMAT")
    about = f"{run.month:%B %Y}" if run.month else "all months"
    link = reverse("admin:billing_verification_change", args=[run.pk])
    return Fact("Last verification", f"{run.get_status_display()}, of {about}, {at}", link)
