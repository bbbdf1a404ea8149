import pytest

from billing.models import Payment, PaymentResult, PayoutBatch, Seal
from tests.billing.batches import make_batch, make_exported_batch
from tests.billing.pages import BATCHES, url_of
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status


@pytest.fixture
def batch():
    """An approved batch with three payments, …-000001 to …-000003, of €1, €2 and €3."""
    return make_exported_batch()


def statuses():
    return list(Payment.objects.order_by("reference").values_list("status", flat=True))


def chosen(number, outcome, **values):
    """Return the fields of the row of payment …-00000{number}, as the page sends them."""
    pk = Payment.objects.get(reference=f"202610-1-00000{number}").pk
    values |= {"outcome": outcome}
    return {"row": [pk]} | {f"row-{pk}-{name}": value for name, value in values.items()}


def both(*rows):
    return {"row": [pk for row in rows for pk in row["row"]]} | {
        name: value for row in rows for name, value in row.items() if name != "row"
    }


@pytest.mark.thorough
def test_single_failures_are_chosen_and_all_others_paid(client, sign_in, batch):
    user = sign_in("Finance")
    data = chosen(2, "failed", reason="Account closed") | {"others_paid": "on"}
    response = client.post(url_of(batch, "results"), data)
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


def test_double_click_says_that_it_is_recorded(client, sign_in, batch):
    sign_in("Finance")
    data = chosen(1, "paid")
    client.post(url_of(batch, "results"), data)
    page = client.post(url_of(batch, "results"), data)
    assert "What you chose is recorded already, and nothing was changed." in page.text
    assert PaymentResult.objects.count() == 1


@pytest.mark.thorough
def test_day_and_reference_of_the_bank_are_kept(client, sign_in, batch):
    sign_in("Finance")
    data = chosen(1, "paid", value_date="2026-11-24", bank_reference=" BANK-1 ")
    response = client.post(url_of(batch, "results"), data)
    assert response.url == url_of(batch, "results")  # where the others wait
    result = PaymentResult.objects.get()
    facts = (result.outcome, str(result.value_date), result.bank_reference)
    assert facts == ("paid", "2026-11-24", "BANK-1")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"outcome": "failed"}, "Say why it failed, as the bank says it."),
        ({"outcome": "failed", "reason": "."}, "Say why it failed, as the bank says it."),
        ({"outcome": "lost", "reason": "Typed words"}, "Select a valid choice"),
        ({"outcome": "", "reason": "Typed words"}, "Choose paid or failed, or leave the row"),
        ({"outcome": "paid", "value_date": "24.13.2026"}, "Write it as year-month-day: 2026-12-31"),
        ({"outcome": "paid", "bank_reference": "x" * 141}, "at most 140 characters"),
    ],
)
def test_one_wrong_row_and_nothing_is_recorded_and_typed_words_stay(
    client, sign_in, batch, row, problem
):
    sign_in("Finance")
    data = both(chosen(1, "paid", bank_reference="Typed beside it"), chosen(2, **row))
    response = client.post(url_of(batch, "results"), data)
    assert problem in response.text
    assert 'value="Typed beside it"' in response.text
    for words in row.values():
        assert words in ("", "lost", "failed", "paid") or f'value="{words}"' in response.text
    assert statuses() == ["payable"] * 3
    assert not Seal.objects.filter(kind="settlement").exists()


@pytest.mark.thorough
def test_nothing_chosen_is_nothing_to_record(client, sign_in, batch):
    sign_in("Finance")
    response = client.post(url_of(batch, "results"), chosen(1, ""))
    assert "There is nothing to record yet" in response.text


@pytest.mark.thorough
def test_payment_of_another_batch_is_not_taken(client, sign_in, batch):
    sign_in("Finance")
    data = {"row": ["9" * 30, "x", "٣", "999999"], "row-999999-outcome": "paid"}
    response = client.post(url_of(batch, "results"), data)
    assert "There is nothing to record yet" in response.text


@pytest.mark.thorough
def test_table_is_searched_limited_and_paged(client, sign_in, batch, monkeypatch):
    monkeypatch.setattr("billing.admin.results.PAYMENTS_PER_PAGE", 2)
    sign_in("Finance")
    page = client.get(url_of(batch, "results"))
    assert len(page.context["form"].rows) == 2
    assert "3 payments, 2 to a page" in page.text
    assert len(client.get(url_of(batch, "results"), {"p": 2}).context["form"].rows) == 1
    page = client.get(url_of(batch, "results"), {"q": "202610-1-000003"})
    assert [row.payment.reference for row in page.context["form"].rows] == ["202610-1-000003"]
    page = client.get(url_of(batch, "results"), {"status": "paid", "q": "\0x", "p": "zz"})
    assert page.context["form"].rows == []


@pytest.mark.thorough
def test_result_is_corrected_in_the_table_by_another_person_with_a_reason(client, sign_in, batch):
    sign_in("Finance")
    client.post(url_of(batch, "results"), chosen(1, "paid"))
    failed = chosen(1, "failed", reason="Sent back by the bank")
    response = client.post(url_of(batch, "results") + "?status=paid", failed)
    assert "Somebody else has to record" in response.text
    sign_in("Finance")
    client.post(url_of(batch, "results") + "?status=paid", failed)
    assert statuses() == ["failed", "payable", "payable"]


@pytest.mark.thorough
def test_batch_that_nobody_approved_takes_no_results(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Finance")
    response = client.post(url_of(batch, "results"), chosen(1, "paid"))
    assert "only a batch that is approved or settled can be given results" in response.text
    assert statuses() == ["payable"]


@pytest.mark.thorough
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
