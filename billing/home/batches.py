"""The batches that the home page speaks of, read once for all its parts."""

from django.db.models import Exists, OuterRef, Q, Subquery

from backoffice.home import once
from billing.models import Payment, PayoutBatch
from billing.payouts.amounts import Amounts, add_up_batches

BATCHES_SHOWN = 12
Status = PayoutBatch.Status


def find_batches() -> list[tuple[PayoutBatch, Amounts]]:
    """Return the batches that are not settled or that hold waiting money, and the latest one.

    The newest come first. Two queries. Amounts are those of the batches that a page shows, and of
    all that the bank is to pay; others have none.
    """
    return once("billing.batches", _find_batches)


def _find_batches() -> list[tuple[PayoutBatch, Amounts]]:
    batches = PayoutBatch.objects.standing().with_state().select_related("submitted_by")
    owed = Payment.objects.owed().filter(batch=OuterRef("pk"))
    is_open = ~Q(state_key=PayoutBatch.State.SETTLED) | Exists(owed)
    latest = PayoutBatch.objects.standing().order_by("-month").values("pk")[:1]
    rows = list(batches.filter(is_open | Q(pk=Subquery(latest))).order_by("-month", "-pk"))
    due = [batch for batch in rows[BATCHES_SHOWN:] if batch.status == Status.APPROVED]
    amounts = add_up_batches([*rows[:BATCHES_SHOWN], *due])
    return [(batch, amounts.get(batch.pk, Amounts())) for batch in rows]


def list_batches(status: str) -> list[PayoutBatch]:
    """Return those in the status, the newest first."""
    return [batch for batch, _ in find_batches() if batch.status == status]
