"""A bank's answer is taken in by portions: all or nothing, as if it were read at once."""

import gc
import json

import pytest

from billing.bank.results import matching, recording
from billing.bank.results.csv import read
from billing.bank.results.matching import compare_results, match_results
from billing.bank.results.recording import check_results, record_results
from billing.errors import FourEyesViolation, InvalidResults, OwnMoney, WrongStatus
from billing.models import Payment, PaymentResult, Seal
from tests.billing.batches import AT, Status, make_exported_batch
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

FIRST, SECOND, THIRD = (f"202610-1-00000{number}" for number in (1, 2, 3))
PAID = ("paid", "")


@pytest.fixture
def batch(monkeypatch):
    monkeypatch.setattr(matching, "ROWS_AT_A_TIME", 1)
    monkeypatch.setattr(recording, "PAYMENTS_AT_A_TIME", 1)
    return make_exported_batch()


def find_wrong(batch, *rows):
    with pytest.raises(InvalidResults) as refusal:
        match_results(batch=batch, rows=read("\n".join(rows).encode()), others_paid=False)
    return refusal.value.problems


def results_of(batch, result=PAID):
    return {payment.pk: result for payment in batch.payments.order_by("-reference")}


def test_wrong_rows_of_all_portions_are_named_in_the_order_of_the_file(batch):
    rows = ("nobody,paid", f"{FIRST},paid", f"{SECOND},lost", f"{FIRST},failed,Closed")
    assert find_wrong(batch, *rows) == [
        "Row 1: “nobody” is no payment of this batch.",
        "Row 3: “lost” is no outcome. Write paid or failed.",
        f"Row 4: {FIRST} has a row already, in row 2.",
    ]


@pytest.mark.thorough
def test_rows_are_read_once(batch):
    """They may wait on the disk."""
    rows = read(f"{FIRST},paid\n{SECOND},paid\n{THIRD},failed,Closed".encode())
    match = compare_results(batch=batch, rows=iter(rows))
    assert sorted(result.outcome for result in match.results.values()) == ["failed", "paid", "paid"]
    assert match.numbers == {"paid": 2, "failed": 1}


def count_instances():
    gc.collect()
    # isinstance() would wake lazy objects of other tests.
    return sum(issubclass(type(each), (Payment, PaymentResult)) for each in gc.get_objects())


@pytest.mark.thorough
def test_results_are_sealed_by_reference_and_written_without_an_instance(batch, monkeypatch):
    alive, write = [], recording.insert_rows

    def write_and_count(model, fields, rows):
        def counted():
            for row in rows:
                alive.append(count_instances())
                yield row

        write(model, fields, counted())

    monkeypatch.setattr(recording, "insert_rows", write_and_count)
    clerk, results, before = make_user(), results_of(batch), count_instances()
    record_results(batch=batch, results=results, by=clerk, at=AT)
    assert len(alive) == 3
    assert max(alive) <= before
    sealed = json.loads(Seal.objects.get(kind=Seal.Kind.RESULTS).content)["results"]
    assert sealed == [[reference, "paid", "", clerk.pk] for reference in (FIRST, SECOND, THIRD)]
    written = PaymentResult.objects.order_by("pk").values_list("payment__reference", flat=True)
    assert [*written] == [FIRST, SECOND, THIRD]
    batch.refresh_from_db()
    assert batch.status == Status.PAID
    assert [*batch.payments.order_by().values_list("status", flat=True)] == ["paid"] * 3


@pytest.mark.thorough
def test_refusal_in_the_last_portion_leaves_nothing_written(batch):
    last = batch.payments.get(reference=THIRD)
    clerk = make_user()
    record_results(batch=batch, results={last.pk: PAID}, by=clerk, at=AT)
    seals, failed = Seal.objects.count(), ("failed", "The bank was wrong")
    for refuse in (record_results, check_results):
        with pytest.raises(FourEyesViolation, match=f"{THIRD} is recorded as paid, by you"):
            refuse(batch=batch, results=results_of(batch, failed), by=clerk)
        with pytest.raises(OwnMoney, match=f"{THIRD} pays you"):
            refuse(batch=batch, results=results_of(batch, failed), by=last.author)
        with pytest.raises(WrongStatus, match=f"{THIRD} is paid: it can't be recorded as paid"):
            refuse(batch=batch, results=results_of(batch, ("paid", "Again")), by=make_user())
    assert Seal.objects.count() == seals
    assert [result.payment for result in PaymentResult.objects.all()] == [last]


@pytest.mark.thorough
def test_payment_of_another_batch_gets_no_result(batch):
    strange = results_of(batch) | {max(results_of(batch)) + 1: PAID}
    with pytest.raises(WrongStatus, match="A payment that is not of the batch of"):
        record_results(batch=batch, results=strange, by=make_user(), at=AT)
    assert not PaymentResult.objects.exists()
