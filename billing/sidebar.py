"""What waits for somebody, as numbers beside the sidebar's links: a query by an index for each."""

from billing.models import Finding, HandPayment, Hold, PayoutBatch


def count_submitted() -> int:
    """Return the batches that wait for an approver."""
    return PayoutBatch.objects.awaiting_approval().count()


def count_proposed() -> int:
    """Return the payments by hand that wait for a second person."""
    return HandPayment.objects.filter(confirmed_at=None, withdrawn_at=None).count()


def count_open_holds() -> int:
    return Hold.objects.filter(ended_at=None).count()


def count_open_findings() -> int:
    return Finding.objects.filter(status=Finding.Status.OPEN).count()
