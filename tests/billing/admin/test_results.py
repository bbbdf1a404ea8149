import pytest

from billing.bank.exports import export_payments
from billing.models import Payment, PaymentResult, PayoutBatch, Seal
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.billing.pages import BATCHES, url_of
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status


@pytest.fixture
def batch():
    """An approved batch with three payments, …-000001 to …-000003, of €1, €2 and €3."""
    category = make_category()
    make_price(category, "10")
    for number in (1, 2, 3):
        make_count(make_blog(category=category), number * 100)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    export_payments(batch=batch, at=AT)
    return batch


def statuses():
    return list(Payment.objects.order_by("reference").values_list("status", flat=True))


def test_single_failures_are_named_and_all_others_paid(client, sign_in, batch):
    user = sign_in("Finance")
    rows = "202610-1-000002, failed, Account closed"
    response = client.post(url_of(batch, "results"), {"rows": rows, "others_paid": "on"})
    assert response.url == url_of(batch)
    assert shown(response) == ["Results of October 2026 are recorded: 2 as paid and 1 as failed."]
    assert statuses() == ["paid", "failed", "paid"]
    batch.refresh_from_db()
    assert batch.status == Status.PAID
    failed = PaymentResult.objects.get(outcome="failed")
    assert (failed.reason, failed.by, failed.seal.kind) == ("Account closed", user, "settlement")
    page = client.get(url_of(batch))
    assert "but for 1 that failed" in page.context["next_step"]
    assert "Account closed" in page.text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "There is nothing to record yet"),
        ({"rows": "202610-1-000001,paid\nnonsense,paid"}, "Row 2: “nonsense” is no payment"),
        ({"rows": "202610-1-000001,paid\n202610-1-000002,failed"}, "Row 2: say why"),
        ({"rows": '"'}, "Row 1: this can&#x27;t be read as CSV"),
    ],
)
def test_one_wrong_row_and_nothing_is_recorded(client, sign_in, batch, data, problem):
    sign_in("Finance")
    response = client.post(url_of(batch, "results"), data)
    assert problem in response.text
    assert statuses() == ["payable"] * 3
    assert not Seal.objects.filter(kind="settlement").exists()


def test_batch_that_nobody_approved_takes_no_results(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Finance")
    response = client.post(url_of(batch, "results"), {"others_paid": "on"})
    assert "only a batch that is approved or paid can be given results" in response.text
    assert statuses() == ["payable"]


@pytest.mark.parametrize("role", ["Authors", "Editors", "Approvers", "Auditors"])
def test_results_are_recorded_by_finance_alone(client, sign_in, batch, role):
    sign_in(role)
    assert client.get(url_of(batch, "results")).status_code == 403
    assert client.post(url_of(batch, "results"), {"others_paid": "on"}).status_code == 403
    assert statuses() == ["payable"] * 3
    page = client.get(url_of(batch))
    assert page.status_code == 403 or "Record bank results" not in page.text


def test_results_of_no_batch_are_not_found(client, sign_in):
    sign_in("Finance")
    assert client.get(f"{BATCHES}0/results/").status_code == 404
