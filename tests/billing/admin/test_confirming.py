"""Pages about money ask again who the person is, and keep the typed text."""

import pytest
import time_machine
from django.urls import reverse

from billing.bank.exports import export_payments
from billing.models import ExportDownload, PayoutBatch
from tests.backoffice.accounts.signing_in import code_now, give_app, give_codes, wrong_code
from tests.billing.bank_files import ACCOUNT, make_paid_batch
from tests.billing.batches import AT, make_batch
from tests.billing.pages import press, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status
KNOWN = {"flag_first_payouts": "I know her."}
CODE = "Code from your app"


CODE_PAGE = "/admin/confirm/code/"
DOWNLOAD = "admin:billing_paymentexport_download"


def make_exported():
    batch = make_batch(Status.APPROVED)
    export_payments(batch=batch, at=AT)
    return batch


@pytest.fixture(autouse=True)
def asked_again(settings):
    settings.REAUTHENTICATE_MINUTES = 15


@pytest.fixture
def clock():
    with time_machine.travel("2026-11-27 10:00:05+00:00", tick=False) as clock:
        yield clock


def status_of(batch):
    return PayoutBatch.objects.get(pk=batch.pk).status


@pytest.mark.thorough
def test_signature_of_somebody_with_an_app_asks_for_its_code(client, sign_in, clock):
    batch = make_batch(Status.SUBMITTED)
    give_app(sign_in("Approvers"))
    assert CODE in client.get(url_of(batch, "approve")).text
    response = press(client, batch, "approve", **KNOWN)
    assert "Confirm that it is you" in response.text
    assert "I know her." in response.text
    response = press(client, batch, "approve", confirm_code=wrong_code(), **KNOWN)
    assert "This code is not right" in response.text
    assert status_of(batch) == Status.SUBMITTED
    press(client, batch, "approve", confirm_code=code_now(), **KNOWN)
    assert status_of(batch) == Status.APPROVED


@pytest.mark.thorough
def test_code_without_the_password_signs_nothing_and_is_not_used_up(client, sign_in, clock):
    batch = make_batch(Status.SUBMITTED)
    give_app(sign_in("Approvers"))
    press(client, batch, "approve", password="wrong", confirm_code=code_now(), **KNOWN)
    assert status_of(batch) == Status.SUBMITTED
    press(client, batch, "approve", confirm_code=code_now(), **KNOWN)
    assert status_of(batch) == Status.APPROVED


@pytest.mark.thorough
def test_code_holds_for_a_quarter_of_an_hour(client, sign_in, clock):
    batch = make_exported()
    give_app(sign_in("Finance"))
    page = url_of(batch, "results")
    response = client.post(page, {"confirm_code": code_now()})
    assert "There is nothing to record yet" in response.text
    assert CODE not in response.text
    clock.shift(14 * 60)
    assert CODE not in client.get(page).text
    clock.shift(2 * 60)
    assert CODE in client.get(page).text
    client.post(page, {"others_paid": "on"})
    assert status_of(batch) == Status.APPROVED


def test_recovery_code_signs_once(client, sign_in, clock):
    batch = make_batch(Status.SUBMITTED)
    codes = give_codes(give_app(sign_in("Approvers")))
    press(client, batch, "approve", confirm_code=codes[0], **KNOWN)
    assert status_of(batch) == Status.APPROVED


@pytest.mark.thorough
def test_signature_of_somebody_without_a_factor_asks_for_the_password_alone(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    text = client.get(url_of(batch, "approve")).text
    assert text.count('type="password"') == 1
    assert CODE not in text
    press(client, batch, "approve", **KNOWN)
    assert status_of(batch) == Status.APPROVED


@pytest.mark.thorough
def test_wrong_codes_at_signing_lock_and_say_so_in_the_dialog(client, sign_in, clock):
    batch = make_batch(Status.SUBMITTED)
    give_app(sign_in("Approvers"))
    for _ in range(5):
        press(client, batch, "approve", confirm_code=wrong_code(), **KNOWN)
    response = press(client, batch, "approve", confirm_code=code_now(), **KNOWN)
    assert "Try again in 15 minutes" in response.text
    assert "I know her." in response.text
    assert status_of(batch) == Status.SUBMITTED


@pytest.mark.thorough
def test_all_paid_asks_again(client, sign_in, clock):
    batch = make_exported()
    give_app(sign_in("Finance"))
    press(client, batch, "all-paid")
    assert status_of(batch) == Status.APPROVED
    press(client, batch, "all-paid", confirm_code=code_now())
    assert status_of(batch) == Status.PAID


@pytest.mark.thorough
def test_results_ask_for_the_password_of_somebody_without_a_factor(client, sign_in):
    batch = make_exported()
    sign_in("Finance")
    page = url_of(batch, "results")
    response = client.post(page, {"rows": "", "others_paid": "on"})
    assert "Enter your password again: the last time is some time ago." in response.text
    response = client.post(page, {"others_paid": "on", "confirm_password": "wrong"})
    assert "This is not your password." in response.text
    assert status_of(batch) == Status.APPROVED
    client.post(page, {"others_paid": "on", "confirm_password": "secret"})
    assert status_of(batch) == Status.PAID


@pytest.mark.thorough
def test_results_ask_for_the_code_of_somebody_with_an_app(client, sign_in, clock):
    batch = make_exported()
    give_app(sign_in("Finance"))
    page = url_of(batch, "results")
    assert CODE in client.get(page).text
    client.post(page, {"others_paid": "on", "confirm_password": "secret"})
    assert status_of(batch) == Status.APPROVED
    client.post(page, {"others_paid": "on", "confirm_code": code_now()})
    assert status_of(batch) == Status.PAID


@pytest.mark.thorough
def test_file_with_accounts_is_taken_after_a_second_factor(client, sign_in, clock, settings):
    settings.BANK_ACCOUNT = ACCOUNT
    batch = make_paid_batch({})
    export = export_payments(batch=batch, format="pain001", at=AT)
    give_app(sign_in("Finance"))
    url = reverse(DOWNLOAD, args=[export.pk])
    asked = client.post(url)
    assert asked.status_code == 302
    assert CODE_PAGE in asked["Location"]
    assert not ExportDownload.objects.exists()
    back = client.post(asked["Location"], {"code": code_now()})
    assert back["Location"] == f"{url_of(batch)}?file={export.pk}#files"
    assert "data-download-at-once" in client.get(back["Location"]).text
    assert client.post(url).getvalue().startswith(b"<?xml")
    clock.shift(16 * 60)
    assert client.post(url).status_code == 302
    assert ExportDownload.objects.count() == 1


@pytest.mark.thorough
def test_file_without_accounts_asks_for_nothing(client, sign_in, clock):
    export = make_exported().exports.get()
    give_app(sign_in("Finance"))
    assert client.post(reverse(DOWNLOAD, args=[export.pk])).status_code == 200
