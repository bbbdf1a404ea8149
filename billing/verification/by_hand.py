"""Checks of payments by hand: two people, neither paid by it, one result, and no file."""

from collections import Counter

from django.db.models import Exists, F, OuterRef, Q

from billing.models import HandPayment, PaymentResult, PayoutBatch, Verification
from billing.verification.differences import Difference


def check_by_hand(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Each payment by hand of the batch is confirmed as it should be, and has its result."""
    hands = HandPayment.objects.filter(payment__batch=PayoutBatch.objects.get(pk=key))
    payee = F("payment__author")
    for wrong in hands.filter(
        Q(confirmed_by=F("proposed_by")) | Q(proposed_by=payee) | Q(confirmed_by=payee)
    )[:1]:
        raise Difference(
            wrong,
            f"is proposed by user {wrong.proposed_by_id} and confirmed by {wrong.confirmed_by_id}",
            "two people say so, and it pays neither of them",
        )
    results = PaymentResult.objects.filter(payment=OuterRef("payment"))
    first = results.filter(
        by_hand=OuterRef("pk"),
        outcome="paid",
        by=OuterRef("confirmed_by"),
        at=OuterRef("confirmed_at"),
    )
    for wrong in hands.filter(Q(confirmed_at__isnull=False) & ~Exists(first))[:1]:
        raise Difference(wrong, "is confirmed", "no result of that person and time says so")
    others = results.exclude(by_hand=OuterRef("pk"))
    for wrong in hands.filter(Q(withdrawn_at=None) & Exists(others))[:1]:
        raise Difference(wrong, "stands", "another result than its own is recorded")
    numbers["payments by hand"] += hands.count()
