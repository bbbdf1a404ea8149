import pytest

from billing.errors import WrongStatus
from billing.models import PayoutBatch
from billing.payouts.transitions import claim_batch, move_batch
from tests.billing.batches import Status, make_batch
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_batch_that_others_moved_meanwhile_is_not_claimed():
    seen = make_batch()
    PayoutBatch.objects.filter(pk=seen.pk).update(status=Status.CANCELLED)
    with pytest.raises(WrongStatus, match="is cancelled by now; only a batch that is draft or"):
        claim_batch(seen, Status.DRAFT, Status.SUBMITTED, verb="looked at")
    assert claim_batch(seen, Status.CANCELLED, verb="looked at").status == "cancelled"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "to"),
    [
        (Status.DRAFT, Status.APPROVED),
        (Status.DRAFT, Status.PAID),
        (Status.APPROVED, Status.DRAFT),
        (Status.CANCELLED, Status.DRAFT),
    ],
)
def test_batch_goes_no_way_but_those_of_its_status(status, to):
    word = "settled" if to == Status.PAID else to
    batch = make_batch(status)
    with pytest.raises(WrongStatus, match=f"A batch can't go from {status} to {word}"):
        move_batch(batch, to, by=make_user(), reason="A try")
    batch.refresh_from_db()
    assert batch.status == status


@pytest.mark.parametrize(
    "seen", [{"status": "draft"}, {"digest": "0" * 64}, {"approved_by_id": 1_000_000}]
)
def test_batch_is_not_moved_by_who_saw_another_state_of_it(seen):
    batch = make_batch(Status.SUBMITTED)
    steps = batch.history.count()
    for name, value in seen.items():
        setattr(batch, name, value)
    to = Status.SUBMITTED if "status" in seen else Status.DRAFT
    with pytest.raises(WrongStatus, match="Somebody else was faster"):
        move_batch(batch, to, by=make_user(), reason="A try")
    stored = PayoutBatch.objects.get()
    assert (stored.status, stored.history.count()) == ("submitted", steps)


def test_step_is_kept_with_its_signature_and_its_reason():
    batch, by = make_batch(), make_user()
    moved = move_batch(batch, Status.CANCELLED, by=by, reason="A try", return_reason="Look")
    stored = PayoutBatch.objects.get()
    assert (moved.status, moved.return_reason) == ("cancelled", "Look")
    assert (stored.status, stored.return_reason) == ("cancelled", "Look")
    record = stored.history.first()
    assert (record.status, record.history_user) == ("cancelled", by)
    assert record.history_change_reason == "A try"
