"""The page for a bank's file: nothing is written before somebody has seen it and confirmed."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.models import BankTable, Payment, PaymentResult, PayoutBatch, Seal
from billing.verification.chain import check_results
from tests.billing.batches import make_exported_batch
from tests.billing.pages import url_of
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

SAMPLES = Path(__file__).parents[1] / "bank" / "samples"
PAGE = "results/file"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR


@pytest.fixture(scope="module")
def batch_for_all(shared_rows):
    """The number of `batch`."""
    return make_exported_batch().pk


@pytest.fixture
def batch(batch_for_all, db):
    """An approved and exported batch of payments …-000001 to …-000003 of €1, €2 and €3."""
    return PayoutBatch.objects.get(pk=batch_for_all)


def sample(name):
    return (SAMPLES / f"{name}.xml").read_bytes()


def upload(client, batch, content, name="answer.xml"):
    file = SimpleUploadedFile(name, content)
    return client.post(url_of(batch, PAGE), {"step": "preview", "file": file})


def go_on(client, batch, page, step="confirm", **data):
    data |= {"step": step, "name": page.context["waiting"]["name"]}
    return client.post(url_of(batch, PAGE), data)


def statuses():
    return list(Payment.objects.order_by("reference").values_list("status", flat=True))


def numbers(page):
    return {group.fate.value: group.number for group in page.context["match"].groups}


def test_file_is_looked_at_before_anything_is_written(client, sign_in, batch):
    sign_in("Finance")
    page = upload(client, batch, sample("pain.002.001.10"))
    assert numbers(page) == {"paid": 1, "failed": 1, "pending": 1}
    assert "Account closed (AC04): Konto erloschen" in page.text
    assert "Line 28" in page.text
    assert statuses() == ["payable"] * 3
    assert not PaymentResult.objects.exists()


@pytest.mark.thorough
def test_confirmed_file_is_recorded_whole_and_verifies(client, sign_in, batch):
    user = sign_in("Finance")
    page = upload(client, batch, sample("pain.002.001.10"))
    response = go_on(client, batch, page)
    assert response.url == url_of(batch)
    assert shown(response) == ["Results of October 2026 are recorded: 1 as paid and 1 as failed."]
    assert statuses() == ["paid", "failed", "payable"]
    paid = PaymentResult.objects.get(outcome="paid")
    facts = (str(paid.value_date), paid.bank_reference, paid.by)
    assert facts == ("2026-11-24", "BANK-77", user)
    assert '"2026-11-24","BANK-77"' in Seal.objects.get(kind="settlement").content
    verified = Counter()
    check_results(None, batch.pk, "", verified)
    assert verified["results"] == 2


@pytest.mark.thorough
def test_same_file_sent_twice_changes_nothing(client, sign_in, batch):
    sign_in("Finance")
    for name in ("pain.002.001.10", "camt.053.001.08"):
        page = upload(client, batch, sample(name))
        if page.context["may_record"]:
            go_on(client, batch, page)
    before = statuses()
    for name in ("pain.002.001.10", "camt.053.001.08"):
        page = upload(client, batch, sample(name))
        assert "says nothing new" in page.text
        response = go_on(client, batch, page)
        assert shown(response)[-1] == "This file says nothing new, so nothing was changed."
    assert statuses() == before == ["paid", "failed", "failed"]
    assert PaymentResult.objects.count() == 3


@pytest.mark.thorough
def test_statement_may_list_a_payment_and_its_return(client, sign_in, batch):
    sign_in("Finance")
    page = upload(client, batch, sample("camt.053.001.08"))
    assert numbers(page) == {"paid": 1, "failed": 1, "other": 2}
    go_on(client, batch, page)
    assert statuses() == ["paid", "payable", "failed"]


ANSWER = sample("pain.002.001.10")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("content", "fate", "problem"),
    [
        (ANSWER.replace(b"EndToEndId>202610-1-000002", b"EndToEndId>RENT-11"), "unknown",
         "Line 28: “RENT-11” is no payment of this batch."),
        (ANSWER.replace(b"EndToEndId>202610-1-000002", b"EndToEndId>202610-1-000001"), "twice",
         "Line 28: 202610-1-000001 has a row already, in line 17."),
        (ANSWER.replace(b">2.00<", b">2.01<"), "amount",
         "Line 28: 202610-1-000002 is a payment of €2.00, not of 2.01."),
        (ANSWER.replace(b'Ccy="EUR">2.00', b'Ccy="CHF">2.00'), "currency",
         "Line 28: 202610-1-000002 is in EUR, not in CHF."),
    ],
)  # fmt: skip
def test_one_wrong_payment_and_nothing_is_recorded(client, sign_in, batch, content, fate, problem):
    sign_in("Finance")
    page = upload(client, batch, content)
    assert page.context["problems"] == [problem]
    assert numbers(page)[fate] == 1
    assert not page.context["may_record"]
    go_on(client, batch, page)  # as a crafted request would
    assert statuses() == ["payable"] * 3
    assert not Seal.objects.filter(kind="settlement").exists()


@pytest.mark.thorough
def test_whole_file_that_the_bank_refused_fails_all_its_payments(client, sign_in, batch):
    sign_in("Finance")
    text = ANSWER.decode()
    start, end = text.index("<OrgnlPmtInf"), text.index("</CstmrPmt")
    whole = text[:start].replace("PART", "RJCT") + text[end:]
    page = upload(client, batch, whole.replace(">6.00<", ">7.00<").encode())
    assert "No file of October 2026 has that number and that sum" in page.text
    page = upload(client, batch, whole.encode())
    assert numbers(page) == {"failed": 3}
    go_on(client, batch, page)
    assert statuses() == ["failed"] * 3


@pytest.mark.thorough
def test_damaged_file_is_refused_with_the_place_and_does_not_stay(client, sign_in, batch, folder):
    sign_in("Finance")
    page = upload(client, batch, ANSWER[:1500])
    assert page.context["problems"][0].startswith("Line 42: the file breaks off")
    assert list(folder.glob("*.upload")) == []


TABLE = "Unsere Referenz;Status;Betrag;Währung;Valuta;Fehler\n" + "\n".join(
    [
        "202610-1-000001;Ausgeführt;-1,00;EUR;24.11.2026;",
        "202610-1-000002;Rückgabe;2,00;EUR;25.11.2026;Konto aufgelöst",
        "202610-1-000003;In Arbeit;3,00;EUR;;",
    ]
)
COLUMNS = {
    "reference": "1", "outcome": "2", "amount": "3", "currency": "4", "value_date": "5",
    "reason": "6", "paid": "ausgeführt", "failed": "Rückgabe, zurück", "pending": "in Arbeit",
    "day_order": "day_first", "decimal_mark": ",",
}  # fmt: skip


@pytest.mark.thorough
def test_columns_of_a_table_are_chosen_once_and_kept_for_the_house(client, sign_in, batch):
    user = sign_in("Finance")
    page = upload(client, batch, TABLE.encode(), "bank.csv")
    assert "Which column of bank.csv is what?" in page.text
    assert "Rückgabe" in page.text  # the first rows stand beside the question
    page = go_on(client, batch, page, step="look", **COLUMNS)
    assert numbers(page) == {"paid": 1, "failed": 1, "pending": 1}
    kept = BankTable.objects.get()
    assert (kept.by, kept.choices["decimal_mark"]) == (user, ",")
    sign_in("Finance")  # another person, with another file
    page = upload(client, batch, TABLE.encode(), "december.csv")
    assert numbers(page) == {"paid": 1, "failed": 1, "pending": 1}
    go_on(client, batch, page)
    failed = PaymentResult.objects.get(outcome="failed")
    assert (failed.reason, str(failed.value_date)) == ("Konto aufgelöst", "2026-11-25")
    assert BankTable.objects.count() == 1


@pytest.mark.thorough
def test_chosen_columns_may_be_chosen_anew_and_both_choices_stay(client, sign_in, batch):
    sign_in("Finance")
    page = upload(client, batch, TABLE.encode(), "bank.csv")
    wrong = COLUMNS | {"decimal_mark": "."}
    page = go_on(client, batch, page, step="look", **wrong)
    assert page.context["problems"][0] == "Row 2: “-1,00” is no amount as 1,234.56."
    page = go_on(client, batch, page, step="columns")
    assert page.context["layout_form"]["reference"].initial == "1"
    page = go_on(client, batch, page, step="look", **COLUMNS)
    assert page.context["may_record"]
    assert BankTable.objects.count() == 2


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"reference": ""}, "Choose the column: nothing can be read without it."),
        ({"outcome": "1"}, "A column is chosen twice."),
        ({"failed": "ausgeführt"}, "“ausgeführt” can mean only one of"),
        ({"reference": "99"}, "Select a valid choice"),
    ],
)
def test_columns_that_make_no_sense_are_asked_again(client, sign_in, batch, change, problem):
    sign_in("Finance")
    page = upload(client, batch, TABLE.encode(), "bank.csv")
    page = go_on(client, batch, page, step="look", **(COLUMNS | change))
    assert problem in page.text
    assert "In Arbeit" in page.text
    assert not BankTable.objects.exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Ausgeführt", "Erledigt", "Row 2: nobody said whether “Erledigt” means paid, failed or"),
        ("24.11.2026", "2026-11-24", "Row 2: “2026-11-24” is no day as 30.11.2026"),
        ("24.11.2026", "31.11.2026", "Row 2: “31.11.2026” is no day"),
        ("-1,00", "1e0", "Row 2: “1e0” is no amount as 1.234,56."),
        ("2,00;EUR;25.11.2026;Konto aufgelöst", "2,00", "Row 3: there are 3 columns, and column"),
    ],
)
def test_wrong_cell_of_a_table_is_named(client, sign_in, batch, old, new, problem):
    sign_in("Finance")
    page = upload(client, batch, TABLE.replace(old, new).encode(), "bank.csv")
    page = go_on(client, batch, page, step="look", **COLUMNS)
    assert page.context["problems"][0].startswith(problem)
    assert statuses() == ["payable"] * 3


@pytest.mark.thorough
def test_our_own_three_columns_need_no_choice(client, sign_in, batch):
    sign_in("Finance")
    text = (
        "\ufeffreference;outcome;reason\r\n202610-1-000001;paid;\r\n202610-1-000003;failed;Zürich"
    )
    page = upload(client, batch, text.encode(), "results.csv")
    go_on(client, batch, page)
    assert statuses() == ["paid", "payable", "failed"]
    assert PaymentResult.objects.get(outcome="failed").reason == "Zürich"


@pytest.mark.thorough
def test_return_of_a_paid_payment_needs_another_person(client, sign_in, batch):
    sign_in("Finance")
    go_on(client, batch, upload(client, batch, b"202610-1-000003,paid\n", "a.csv"))
    page = upload(client, batch, sample("camt.053.001.08"))
    assert "202610-1-000003 is recorded as paid, by you" in page.context["problems"][0]
    sign_in("Finance")
    page = upload(client, batch, sample("camt.053.001.08"))
    assert numbers(page) == {"corrected": 1, "paid": 1, "other": 2}
    go_on(client, batch, page)
    assert statuses() == ["paid", "payable", "failed"]
    batch.refresh_from_db()
    assert batch.status == PayoutBatch.Status.APPROVED
    assert sum(payment.amount for payment in Payment.objects.payable()) == Decimal(2)


def test_file_of_more_than_the_limit_is_refused(client, sign_in, batch, monkeypatch):
    monkeypatch.setattr("billing.forms.bank_files.MOST_BYTES", 10)
    sign_in("Finance")
    assert "The file is larger than" in upload(client, batch, ANSWER).text


@pytest.mark.parametrize("role", ["Authors", "Editors", "Approvers", "Auditors"])
def test_only_finance_reads_a_file_of_the_bank(client, sign_in, batch, role):
    sign_in(role)
    assert client.get(url_of(batch, PAGE)).status_code == 403
    assert upload(client, batch, ANSWER).status_code == 403


def test_file_for_no_batch_is_not_found(client, sign_in, batch):
    sign_in("Finance")
    assert client.get("/admin/billing/payoutbatch/0/results/file/").status_code == 404
