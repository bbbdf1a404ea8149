"""Panels of those who look at others' work: approvers, and auditors."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, Sum, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince

from backoffice.home import Section
from billing.figures import group_digits
from billing.models import BatchAct, Finding, LostViewTotal, PayoutBatch, Verification
from billing.payouts.batch_checks import find_flags
from billing.payouts.four_eyes import find_objections
from billing.proof.sealing import chain_head

LOOKED_AT = 2  # batches whose flags and limits are worked out: a house has one a month


class Fact(NamedTuple):
    """A line of the auditor's panel."""

    name: str
    value: str
    link: str


def list_approver_sections(user: User) -> Iterator[Section]:
    """Yield what waits for a signature, with its flags and what keeps this user from signing."""
    batches = PayoutBatch.objects.awaiting_approval().with_totals().select_related("submitted_by")
    waiting = [_describe_waiting(batch, user) for batch in batches.order_by("month")[:LOOKED_AT]]
    yield Section("approvals", "billing/home/approvals.html", waiting)


def _describe_waiting(batch: PayoutBatch, user: User) -> dict[str, Any]:
    at = timezone.now()
    return {
        "batch": batch,
        "age": timesince(batch.submitted_at, at, depth=1) if batch.submitted_at else "",
        "flags": find_flags(batch),
        "limits": find_objections(batch=batch, by=user, at=at),
    }


def list_auditor_sections(user: User) -> Iterator[Section]:
    yield Section("proof", "billing/home/proof.html", list(_list_facts()))


def _list_facts() -> Iterator[Fact]:
    yield _describe_seal()
    yield _describe_verification()
    findings, lost = _count_findings_and_losses()
    link = reverse("admin:billing_finding_changelist", query={"status__exact": "open"})
    yield Fact("Open findings", group_digits(findings), link)
    batch = PayoutBatch.objects.signed().order_by("-month").first()
    if batch:
        acts = BatchAct.objects.filter(batch=batch, digest=batch.digest)
        sums = acts.aggregate(acts=Count("pk"), people=Count("by", distinct=True))
        people = "1 person" if sums["people"] == 1 else f"{sums['people']} people"
        said = f"{group_digits(sums['acts'])} of {people}, for {batch}" if sums["acts"] else "None"
        link = reverse("admin:billing_payoutbatch_change", args=[batch.pk])
        yield Fact("Acts that bar somebody from approving", said, link)
    link = reverse("admin:billing_views_explained_changelist")
    yield Fact("Views lost for good", group_digits(lost), link)


def _count_findings_and_losses() -> tuple[int, int]:
    """Return how many findings are open, and how many views are lost for good. One query."""
    findings = Finding.objects.filter(status=Finding.Status.OPEN).order_by().values("status")
    losses = LostViewTotal.objects.order_by().annotate(status=Value("lost")).values("status")
    both = findings.annotate(number=Count("pk")).union(
        losses.annotate(number=Sum("views")).values("status", "number"), all=True
    )
    numbers = {row["status"]: row["number"] or 0 for row in both.order_by()}
    return numbers.get(Finding.Status.OPEN, 0), numbers.get("lost", 0)


def _describe_seal() -> Fact:
    page, head = reverse("admin:billing_seal_changelist"), chain_head()
    if head is None:
        return Fact("Last seal", "Nothing is sealed yet", page)
    at = date_format(timezone.localtime(head.at), "DATETIME_FORMAT")
    return Fact("Last seal", f"Number {group_digits(head.number)}, {at}", page)


def _describe_verification() -> Fact:
    page = reverse("admin:billing_verification_changelist")
    run = Verification.objects.order_by("-pk").first()
    if run is None:
        return Fact("Last verification", "None yet: begin one", page)
    at = date_format(timezone.localtime(run.started_at), "DATETIME_FORMAT")
    about = f"{run.month:%B %Y}" if run.month else "all months"
    link = reverse("admin:billing_verification_change", args=[run.pk])
    return Fact("Last verification", f"{run.get_status_display()}, of {about}, {at}", link)
