"""Checks what finance decided about findings against the seals of these decisions and the views."""

import datetime as dt
import json
from collections import Counter

from django.db.models import Count

from billing.models import BlogView, Finding, RetiredViewTotal, Verification, ViewSeal
from billing.periods import next_month
from billing.verification.differences import Difference

EXCLUDED = Finding.Status.EXCLUDED


def check_decided_views(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that a month's findings exclude as many views as the last seal about each says.

    Where views were dropped past their retention, only their totals are left.
    """
    month = dt.date.fromisoformat(key)
    span = {"day__gte": month, "day__lt": next_month(month)}
    decided = _read_decisions(span)
    findings = {finding.pk: finding for finding in Finding.objects.filter(month=month)}
    views = BlogView.objects.filter(outcome=BlogView.Outcome.EXCLUDED, finding__month=month)
    excluded = dict(views.order_by().values_list("finding").annotate(Count("pk")))
    dropped = set(RetiredViewTotal.objects.filter(**span).values_list("day", flat=True))
    for pk in sorted({*decided, *(pk for pk in findings if findings[pk].status == EXCLUDED)}):
        seal, sealed = decided.get(pk, (None, 0))
        finding = findings.get(pk)
        says = (
            f"{seal} says that it excludes {sealed} views" if seal else "no seal of views says so"
        )
        if finding is None:
            raise Difference(f"The finding {pk} (billing_finding)", "is missing", says)
        if (finding.status == EXCLUDED) != bool(sealed):
            raise Difference(finding, f"is {finding.status}", says)
        is_kept = finding.day not in dropped if finding.day else not dropped
        if is_kept and excluded.get(pk, 0) != sealed:
            raise Difference(finding, f"excludes {excluded.get(pk, 0)} views", says)


def _read_decisions(span: dict[str, dt.date]) -> dict[int, tuple[ViewSeal, int]]:
    """Return {finding: (the last seal about it, the number of views it excludes)}."""
    last = {}
    for seal in ViewSeal.objects.filter(kind=ViewSeal.Kind.DECISION, **span).order_by("number"):
        content = json.loads(seal.content)
        last[content["finding"]] = (seal, content["excluded"])
    return last
