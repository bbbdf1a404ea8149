"""Tables for people and for Wise: a row for each payment, read back by another reader."""

import csv
import hashlib
import io
from pathlib import Path

import openpyxl
import pytest

from billing.bank.choosing import choose_payments
from billing.bank.exports import export_payments
from billing.bank.formats import find_format
from billing.bank.formats.csv import write_rows
from billing.models import Payment, PaymentExport
from billing.verification import verify_payouts
from tests.billing.bank_files import US, make_paid_batch, read_csv, read_file
from tests.billing.batches import AT
from tests.billing.tampering import without_guards
from tests.factories import IBANS

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

SAMPLES = Path(__file__).parent / "samples"
NAMES = ["+1 For the Veil of Ignorance", "@home", "=1+1", "Ann 🎉 Other", "王小明", "x" * 140]


def export(batch, format):
    return export_payments(batch=batch, format=format, at=AT)


@pytest.fixture
def name_authors(monkeypatch):
    """Return a function that names the authors of a batch past the application."""
    monkeypatch.setattr("billing.bank.exports.check_signed", lambda batch: None)

    def name(batch, *names):
        with without_guards():
            for payment, name in zip(batch.payments.in_order(), names, strict=True):
                Payment.objects.filter(pk=payment.pk).update(author_name=name, username="somebody")

    return name


def read_sheet(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    return book, [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_csv_is_the_golden_one(name_authors):
    batch = make_paid_batch({}, US)
    name_authors(batch, "Ada Example", "=1+1")
    assert read_file(export(batch, "csv")) == (SAMPLES / "payments.csv").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "",
        "Ada, Example",
        'Ada "A" Example',
        "Ada\nExample",
        "Ada\rExample",
        "Ada\r\nExample",
        " Ada ",
        "\r\n",
        "a,b\r\nc",
        "\x00",
        "雨",
    ],
)
def test_rows_are_written_as_the_library_writes_them(name):
    rows = [
        ("r1", name, "ada", "2026-10", "1.00", "EUR"),
        ("r2", "B", "b", "2026-10", "2.00", "EUR"),
    ]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    assert write_rows(rows) == text.getvalue().encode()


@pytest.mark.thorough
def test_csv_keeps_names_from_being_formulas(name_authors):
    batch = make_paid_batch(*[{}] * len(NAMES))
    name_authors(batch, *NAMES)
    assert [row["author"] for row in read_csv(export(batch, "csv"))] == [
        "'+1 For the Veil of Ignorance", "'@home", "'=1+1", "Ann 🎉 Other", "王小明", "x" * 140,
    ]  # fmt: skip


@pytest.mark.thorough
def test_sheet_holds_text_as_text_and_amounts_as_numbers(name_authors):
    batch = make_paid_batch(*[{}] * len(NAMES))
    name_authors(batch, *NAMES)
    book, (header, *rows) = read_sheet(read_file(export(batch, "xlsx")))
    assert header == ["reference", "author", "username", "month", "amount", "currency"]
    assert [row[1] for row in rows] == NAMES
    assert [row[4] for row in rows] == [10, 20, 30, 40, 50, 60]
    assert {cell.data_type for cell in book.active["B"]} == {"s"}
    assert {cell.number_format for cell in book.active["E"][1:]} == {"0.00"}


@pytest.mark.thorough
def test_sheet_is_kept_and_handed_out_as_it_was(monkeypatch):
    made = export(make_paid_batch({}), "xlsx")
    content = read_file(made)
    monkeypatch.setattr("zipfile.ZIP_DEFLATED", 0)
    assert read_file(PaymentExport.objects.get()) == content
    assert hashlib.sha256(content).hexdigest() == made.sha256
    assert verify_payouts().difference == ""
    with without_guards():
        PaymentExport.objects.update(content=content + b"x")
    assert f"{made.sha256} was recorded" in verify_payouts().difference


@pytest.mark.thorough
def test_sheet_is_the_golden_one(name_authors):
    batch = make_paid_batch({}, US)
    name_authors(batch, "Ada Example", "=1+1")
    _, rows = read_sheet(read_file(export(batch, "xlsx")))
    _, golden = read_sheet((SAMPLES / "payments.xlsx").read_bytes())
    assert rows == golden


@pytest.mark.thorough
def test_wise_file_is_the_golden_one(settings):
    batch = make_paid_batch({"legal_name": "Ada Example"}, {"kind": "company", "legal_name": "Öre"})
    assert read_file(export(batch, "wise")) == (SAMPLES / "wise.csv").read_bytes()
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_wise_file_says_who_gets_what_on_which_account():
    batch = make_paid_batch({"legal_name": "Ada Example"}, {"kind": "company", "legal_name": "Öre"})
    first, second = read_csv(export(batch, "wise"))
    assert (first["name"], first["IBAN"], first["receiverType"]) == (
        "Ada Example", IBANS[0], "PERSON",
    )  # fmt: skip
    assert (first["amount"], first["targetCurrency"], first["amountCurrency"]) == (
        "10.00", "EUR", "target",
    )  # fmt: skip
    assert (second["name"], second["receiverType"]) == ("Öre", "INSTITUTION")
    assert first["paymentReference"] == "202610-1-000001"


@pytest.mark.thorough
def test_wise_pays_dollars_to_accounts_in_the_united_states(settings):
    settings.CURRENCY = "USD"
    batch = make_paid_batch(US, {})
    choice = choose_payments(batch, find_format("wise"))
    assert [why for why, _, _ in choice.reasons] == ["Wise’s template does not pay USD to an IBAN."]
    (row,) = read_csv(export(batch, "wise"))
    assert (row["abartn"], row["accountNumber"], row["accountType"]) == (
        "111000025", "0012345678", "CHECKING",
    )  # fmt: skip
    assert (row["addressState"], row["addressCountryCode"]) == ("IL", "US")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("+1 For the Veil", "1 For the Veil"),
        ("@home", "home"),
        ("=1+1", "1+1"),
        ("Ann 🎉 Other", "Ann Other"),
        ("王小明", "王小明"),
        ("x" * 140, "x" * 140),
    ],
)
def test_name_in_a_file_for_wise_is_no_formula_and_told_before(name, written):
    batch = make_paid_batch({"legal_name": name})
    choice = choose_payments(batch, find_format("wise"))
    told = [line.text for line in choice.changed]
    assert told == ([] if name == written else [f"Name: “{name}” becomes “{written}”"])
    assert [row["name"] for row in read_csv(export(batch, "wise"))] == [written]


@pytest.mark.thorough
def test_full_file_leaves_the_rest_for_the_next_one(monkeypatch):
    wise = find_format("wise")
    monkeypatch.setitem(vars(wise), "most", 2)
    batch = make_paid_batch({}, {}, {})
    first, second = export(batch, "wise"), export(batch, "wise")
    assert [(one.payment_count, one.number) for one in (first, second)] == [(2, 1), (1, 2)]
    assert second.file_name == "payments-2026-10-2.wise.csv"
    rows = list(csv.DictReader(io.StringIO(read_file(second).decode())))
    assert [row["paymentReference"] for row in rows] == ["202610-1-000003"]
    assert verify_payouts().difference == ""
