"""What waits for somebody: their number stands beside the sidebar's links, found by an index."""

from django.db.models import QuerySet

from billing.models import Dispute, Finding, HandPayment, Hold, PayoutBatch


def find_submitted() -> QuerySet[PayoutBatch]:
    """Return the batches that wait for an approver."""
    return PayoutBatch.objects.awaiting_approval()


def find_open_disputes() -> QuerySet[Dispute]:
    return Dispute.objects.open()


def find_proposed() -> QuerySet[HandPayment]:
    """Return the payments by hand that wait for a second person."""
    return HandPayment.objects.filter(confirmed_at=None, withdrawn_at=None)


def find_open_holds() -> QuerySet[Hold]:
    return Hold.objects.filter(ended_at=None)


def find_open_findings() -> QuerySet[Finding]:
    return Finding.objects.filter(status=Finding.Status.OPEN)
