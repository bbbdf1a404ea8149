"""The payment file of PayPal: who gets what, in which columns, and whom it leaves out."""

import re
from pathlib import Path

import pytest
from django.apps import apps

from billing.bank.choosing import choose_payments
from billing.bank.exports import export_payments
from billing.bank.formats import find_format
from billing.errors import FileRefused
from billing.models import PayeeDetails, Verification
from billing.verification import verify_payouts
from tests.billing.bank_files import make_paid_batch, read_file
from tests.billing.batches import AT
from tests.billing.pages import url_of

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

GOLDEN = Path(__file__).parent / "samples" / "paypal.csv"
CELL = re.compile(r'"((?:[^"]|"")*)"|([^,"\r\n]*)')
ADDRESS = "ada.money@example.com"


def paypal(account=ADDRESS, **values):
    return {"account_kind": "paypal", "paypal": account, "iban": ""} | values


def read(export):
    """Read a CSV by RFC 4180, without the module that wrote it."""
    lines = read_file(export).decode().split("\r\n")
    assert lines.pop() == ""
    rows = []
    for line in lines:
        cells, place = [], 0
        while place <= len(line):
            cell = CELL.match(line, place)
            quoted, plain = cell.groups()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            place = cell.end() + 1
        rows.append(cells)
    return rows


def test_file_is_the_golden_one():
    batch = make_paid_batch(paypal(), paypal("2BCDEFGH345JK"))
    export = export_payments(batch=batch, format="paypal", at=AT)
    assert export.file_name == "payments-2026-10.paypal.csv"
    assert read_file(export) == GOLDEN.read_bytes()


@pytest.mark.thorough
def test_file_says_who_gets_what_in_the_columns_of_paypal():
    batch = make_paid_batch(paypal(), paypal("2bcdefgh345jk"))
    export = export_payments(batch=batch, format="paypal", at=AT)
    assert read(export) == [
        [ADDRESS, "10.00", "EUR", "202610-1-000001", "Payment 202610-1-000001", "PAYPAL"],
        ["2BCDEFGH345JK", "20.00", "EUR", "202610-1-000002", "Payment 202610-1-000002", "PAYPAL"],
    ]
    assert verify_payouts().status == Verification.Status.PASSED


@pytest.mark.thorough
def test_bank_accounts_are_for_other_formats_and_paypals_for_this_one():
    batch = make_paid_batch({}, paypal(), None)
    choice = choose_payments(batch, find_format("paypal"))
    assert choice.count == 1
    assert sorted(choice.numbers) == [
        "No payment details were known when the batch was submitted.",
        "The payee has no PayPal account.",
    ]
    for key, why in (
        ("wise", "Wise pays to bank accounts, and this is a PayPal account."),
        ("pain001", "The account has no IBAN."),
    ):
        choice = choose_payments(batch, find_format(key))
        assert (choice.count, choice.numbers[why]) == (1, 1)


@pytest.mark.thorough
def test_at_most_5_000_payments_are_in_a_file(monkeypatch):
    paypal_format = find_format("paypal")
    assert paypal_format.most == 5_000
    monkeypatch.setitem(vars(paypal_format), "most", 1)
    batch = make_paid_batch(paypal(), paypal("bruno@example.com"))
    first, second = (export_payments(batch=batch, format="paypal", at=AT) for _ in range(2))
    assert [row[0] for export in (first, second) for row in read(export)] == [
        ADDRESS, "bruno@example.com",
    ]  # fmt: skip


@pytest.mark.thorough
def test_currency_that_paypal_does_not_pay_is_refused(settings):
    settings.CURRENCY = "HUF"
    batch = make_paid_batch(paypal())
    with pytest.raises(FileRefused, match="not for HUF"):
        export_payments(batch=batch, format="paypal", at=AT)


@pytest.mark.thorough
def test_address_stands_nowhere_in_clear_and_is_masked_on_pages(client, sign_in):
    batch = make_paid_batch(paypal(email="other@example.com"))
    export_payments(batch=batch, format="paypal", at=AT)
    for model in apps.get_app_config("billing").get_models():
        for row in model._base_manager.values():
            assert "ada.money" not in str(row)
    details = PayeeDetails.objects.get()
    assert (details.account, details.account_end) == ("PayPal account ending in oney", "oney")
    sign_in("Finance")
    for page in (url_of(batch), url_of(batch, "export"), "/admin/billing/payee/"):
        assert "ada.money" not in client.get(page).text
