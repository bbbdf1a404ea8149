"""What the audit trail tells of money beside the histories of rows: corrected bank results."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from backoffice.trail_sources import Deed, TrailSource, register_trail_source
from billing.models import PaymentResult

CORRECTIONS = "billing.corrected_result"
LABEL = "Corrected bank results"


def offer_corrections() -> None:
    register_trail_source(
        TrailSource(
            key=CORRECTIONS,
            label=LABEL,
            find_rows=find_corrections,
            describe=_describe,
        )
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
