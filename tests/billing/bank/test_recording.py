import pytest

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.errors import WrongStatus
from billing.models import PaymentLine
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER, SEPTEMBER, Status, make_batch
from tests.factories import approve, make_blog, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def record(batch, outcome, *, by=None):
    reason = {"failed": "Account closed", "paid": "The bank made it after all"}[outcome]
    results = {payment.pk: (outcome, reason) for payment in batch.payments.all()}
    return record_results(batch=batch, results=results, by=by or make_user(), at=AT)


def test_failed_payment_is_recorded_as_paid_unless_a_later_batch_pays_it_again():
    blog = make_blog()
    make_price(blog.category, "10")
    make_count(blog, 1000, SEPTEMBER)
    batch = steps.submit_batch(
        batch=steps.build_batch(month=SEPTEMBER, at=AT)[0], by=make_user(), at=AT
    )
    batch = approve(batch, at=AT)
    export_payments(batch=batch, at=AT)
    record(batch, "failed")
    make_count(blog, 1000, OCTOBER)
    october, _ = steps.build_batch(month=OCTOBER, at=AT)
    assert PaymentLine.objects.get(carried_from__isnull=False).amount == 10
    with pytest.raises(WrongStatus, match="failed, and a later batch pays it again"):
        record(batch, "paid")
    assert batch.payments.get().status == "failed"
    steps.cancel_batch(batch=october, by=make_user(), reason="Begun too early")
    record(batch, "paid")
    assert batch.payments.get().status == "paid"


@pytest.mark.thorough
def test_failed_payment_that_no_batch_took_in_is_recorded_as_paid():
    batch = make_batch(Status.APPROVED)
    export_payments(batch=batch, at=AT)
    record(batch, "failed")
    record(batch, "paid")
    assert batch.payments.get().status == "paid"
