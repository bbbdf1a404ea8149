"""The page before a file to the bank: what goes into it, what not and why; and its download."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from backoffice.models import SecurityEvent
from billing.bank.exports import export_payments
from billing.models import ExportDownload, PaymentExport, PayoutBatch
from tests.billing.bank_files import ACCOUNT, US, make_paid_batch, read_file
from tests.billing.batches import AT, make_batch
from tests.billing.pages import count_queries, url_of
from tests.factories import IBANS
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status


@pytest.fixture(autouse=True)
def _account(settings):
    settings.BANK_ACCOUNT = ACCOUNT


def give(user, codename):
    """Give a right past the page that would end the session."""
    permission = Permission.objects.get(codename=codename)
    user.user_permissions.through.objects.create(user=user, permission=permission)


def look(client, batch, format="pain001"):
    return client.get(url_of(batch, "export"), {"format": format})


def make(client, batch, response):
    data = {"format": response.context["format"].key, "seen": response.context["choice"].seen}
    return client.post(url_of(batch, "export"), data)


def url_of_file(export, page="download"):
    return reverse(f"admin:billing_paymentexport_{page}", args=[export.pk])


def test_page_says_what_goes_into_the_file_and_what_not_and_makes_nothing(client, sign_in):
    batch = make_paid_batch({"legal_name": "Zoë Example"}, US, None)
    sign_in("Finance")
    response = look(client, batch)
    for text in (
        "3 payments wait for a file",
        "1 payment, €10.00",
        "Name: “Zoë Example” becomes “Zoe Example”",
        "The account has no IBAN.",
        "No payment details were known when the batch was submitted.",
        "CSV, XLSX, SEPA (pain.001), Wise",
        "The file holds account numbers in clear.",
    ):
        assert text in response.text
    assert IBANS[0] not in response.text
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
def test_made_file_stands_on_the_page_of_the_batch_and_the_rest_waits(client, sign_in):
    batch = make_paid_batch({}, US)
    user = sign_in("Finance")
    response = make(client, batch, look(client, batch))
    export = PaymentExport.objects.get()
    assert response["Location"] == f"{url_of(batch)}?file={export.pk}#files"
    assert export.by == user
    page = client.get(response["Location"])
    for text in ("payments-2026-10.pain001.xml", "€10.00", "is in no file to the bank yet"):
        assert text in page.text
    assert "export these as well" in page.context["next_step"]
    make(client, batch, look(client, batch, "csv"))
    page = client.get(url_of(batch))
    assert "The payments are exported" in page.context["next_step"]
    assert url_of(batch, "export") not in page.text


@pytest.mark.thorough
def test_page_proposes_the_format_of_the_last_file(client, sign_in):
    batch = make_paid_batch({}, US)
    sign_in("Finance")
    assert client.get(url_of(batch, "export")).context["format"].key == "csv"
    export_payments(batch=batch, format="pain001", at=AT)
    assert client.get(url_of(batch, "export")).context["format"].key == "pain001"


@pytest.mark.thorough
def test_file_that_would_not_be_the_one_that_was_shown_is_not_made(client, sign_in):
    batch = make_paid_batch({}, {"iban": IBANS[1], "country": "NL", "tax_id": ""})
    sign_in("Finance")
    data = {"format": "csv", "seen": "0" * 64}
    response = client.post(url_of(batch, "export"), data)
    assert "Other payments would go into this file than the preview showed" in response.text
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
def test_format_without_its_settings_says_so(client, sign_in, settings):
    settings.BANK_ACCOUNT = {}
    batch = make_paid_batch({})
    sign_in("Finance")
    response = look(client, batch)
    assert "BANK_ACCOUNT has no valid iban" in response.text
    assert "Make the file" not in response.text


@pytest.mark.thorough
def test_page_of_a_batch_that_is_not_approved_says_so(client, sign_in):
    sign_in("Finance")
    response = look(client, make_batch(Status.SUBMITTED))
    assert "Payments are exported once it is approved." in response.text
    response = client.post(url_of(make_batch_of_now(), "export"), {"format": "csv"})
    assert "is submitted" in response.text


def make_batch_of_now():
    return PayoutBatch.objects.get()


@pytest.mark.thorough
def test_each_download_of_a_file_with_accounts_is_recorded(client, sign_in):
    batch = make_paid_batch({})
    export = export_payments(batch=batch, format="pain001", at=AT)
    user = sign_in("Finance")
    assert client.get(url_of_file(export)).status_code == 302
    assert not ExportDownload.objects.exists()
    response = client.post(url_of_file(export))
    assert response.getvalue() == read_file(export)
    assert IBANS[0].encode() in read_file(export)
    assert response["Content-Length"] == str(export.size)
    taken = ExportDownload.objects.get()
    assert (taken.by, taken.export) == (user, export)
    page = client.get(url_of(batch)).text
    assert "Taken by" in page
    assert IBANS[0] not in page


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Approvers", "Auditors"])
def test_file_with_accounts_is_for_who_takes_it_to_the_bank(client, sign_in, role):
    batch = make_paid_batch({})
    export = export_payments(batch=batch, format="pain001", at=AT)
    user = sign_in(role)
    assert client.post(url_of_file(export)).status_code == 403
    text = "somebody who may take such files to the bank downloads it"
    assert text in client.get(url_of(batch)).text
    give(user, "take_bank_file")
    assert client.post(url_of_file(export)).status_code == 200


@pytest.mark.thorough
def test_what_goes_with_the_file_is_downloaded_beside_it(client, sign_in):
    batch = make_paid_batch({})
    export = export_payments(batch=batch, format="pain001", at=AT)
    auditor = sign_in("Auditors")
    assert client.get(url_of_file(export, "companion")).status_code == 302
    response = client.post(url_of_file(export, "companion"))
    noted = SecurityEvent.objects.get(kind="file_taken")
    assert noted.by == auditor
    assert noted.detail.startswith(f"{export.file_name}.json, SHA-256 ")
    told = json.loads(response.content)
    assert (told["payments"], told["total"], told["sha256"]) == (1, "10.00", export.sha256)
    assert IBANS[0] not in response.text


@pytest.mark.thorough
def test_lost_key_is_a_clear_message_and_loses_no_payment(client, sign_in, settings):
    batch = make_paid_batch({})
    export = export_payments(batch=batch, format="pain001", at=AT)
    sign_in("Finance")
    settings.PAYEE_KEYS_FILE, settings.PAYEE_KEYS = "", ""
    response = client.post(url_of_file(export))
    assert "There is no key for payees’ details." in shown(response)[0]
    assert not ExportDownload.objects.exists()
    assert export.rows.count() == 1


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Authors", "Editors", "Approvers", "Auditors"])
def test_file_is_made_by_finance_alone(client, sign_in, role):
    batch = make_paid_batch({})
    sign_in(role)
    assert look(client, batch).status_code == 403
    assert client.post(url_of(batch, "export"), {"format": "csv"}).status_code == 403
    assert not PaymentExport.objects.exists()


@pytest.mark.thorough
def test_page_takes_few_queries_for_any_number_of_payments(client, sign_in):
    batch = make_paid_batch(*[{}] * 8)
    sign_in("Finance")
    assert count_queries(client, f"{url_of(batch, 'export')}?format=pain001") <= 22
