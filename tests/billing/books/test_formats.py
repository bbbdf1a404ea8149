"""Golden files of each layout, read back by a reader that shares nothing with their writers."""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from billing.books.exports import export_journal
from billing.errors import FileRefused, NothingToPost, UnknownFormat
from billing.models import BooksExport
from tests.billing.books.worked import DECEMBER, NOVEMBER, OCTOBER
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

GOLDEN = Path(__file__).parent / "golden"
AT = dt.datetime(2026, 12, 4, 9, 30, 15, 250_000, tzinfo=dt.UTC)
ACCOUNTS = {
    "cost": "5900", "adjustments": "5905", "rounding": "6859", "authors": "3500",
    "waiting": "3501", "clearing": "1460", "bank": "1800",
}  # fmt: skip


@pytest.fixture
def house(settings, books):
    settings.BOOKS_ACCOUNTS = ACCOUNTS
    settings.BOOKS_DATEV = {"consultant": "29098", "client": "55003", "year_starts": "07-01"}
    settings.BOOKS_XERO_TAX_RATE = "Tax Exempt"
    return settings


def make_file(format, month=OCTOBER, **values):
    export, stream = export_journal(
        month=month, currency="EUR", format=format, **{"by": make_user(), "at": AT} | values
    )
    with stream:
        return export, stream.read()


@pytest.mark.thorough
@pytest.mark.parametrize("format", ["csv", "datev", "xero"])
def test_file_of_a_month_is_the_golden_one(format, house):
    for month in (OCTOBER, NOVEMBER):
        export, content = make_file(format, month)
        assert content == (GOLDEN / export.file_name).read_bytes()
        assert (export.size, export.kind, export.first_day) == (len(content), "journal", month)


def read_cells(line, mark):
    """Read a line by hand: quotes open and close a cell, the mark ends it; none holds a quote."""
    cells, cell, is_quoted = [], "", False
    for letter in line + mark:
        if letter == '"':
            is_quoted = not is_quoted
        elif letter == mark and not is_quoted:
            cells.append(cell)
            cell = ""
        else:
            cell += letter
    assert not is_quoted
    return cells


def read_rows(content, *, mark=",", encoding="utf-8"):
    assert content.endswith(b"\r\n")
    return [
        read_cells(line, mark)
        for line in content.decode(encoding).removesuffix("\r\n").split("\r\n")
    ]


def read_named(content):
    names, *rows = read_rows(content)
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.thorough
@pytest.mark.parametrize("month", ["2026-10", "2026-11"])
def test_neutral_file_balances_entry_by_entry_in_coins_and_exactly(month, books):
    rows = read_named((GOLDEN / f"journal-{month}-EUR.csv").read_bytes())
    sides, settled = Counter(), Counter()
    for row in rows:
        for prefix in ("", "exact_"):
            debit, credit = (Decimal(row[f"{prefix}{side}"] or 0) for side in ("debit", "credit"))
            assert debit == 0 or credit == 0
            sides[row["entry"], prefix] += debit - credit
            if row["account"] == "authors":
                settled[row["reference"], prefix] += debit - credit
    assert len(rows) > 20
    assert set(sides.values()) == set(settled.values()) == {0}


def test_datev_file_is_as_the_format_says(books):
    content = (GOLDEN / "EXTF_Buchungsstapel_2026-11_EUR.csv").read_bytes()
    header, names, *rows = read_rows(content, mark=";", encoding="cp1252")
    assert content.startswith(b'"EXTF";700;21;"Buchungsstapel";13;20261204093015250;;"";"";"";')
    assert len(header) == 31
    assert header[10:17] == [
        "29098", "55003", "20260701", "4", "20261101", "20261130", "Authors 2026-11 EUR",
    ]  # fmt: skip
    assert (header[18], header[19], header[20], header[21]) == ("1", "0", "0", "EUR")
    assert len(names) == 125
    assert names[:14] == [
        "Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs",
        "Basis-Umsatz", "WKZ Basis-Umsatz", "Konto", "Gegenkonto (ohne BU-Schlüssel)",
        "BU-Schlüssel", "Belegdatum", "Belegfeld 1", "Belegfeld 2", "Skonto", "Buchungstext",
    ]  # fmt: skip
    assert names[113:115] == ["Festschreibung", "Leistungsdatum"]
    lines = content.split(b"\r\n")[2:-1]
    row_as_the_format_says = re.compile(
        r'\d{1,10},\d{2};"S";"[A-Z]{3}";;;;\d{4};\d{4};;\d{4};"[\w$%\-/]{0,36}";;;"[^"]{0,60}";'
    )
    for line in lines:
        assert row_as_the_format_says.match(line.decode("cp1252"))
        assert line.count(b";") == 124
    moved = Counter()
    for row in rows:
        amount = Decimal(row[0].replace(",", "."))
        assert amount > 0
        moved[row[6]] += amount
        moved[row[7]] -= amount
    assert moved == {
        "5900": Decimal("18.01"), "3500": 0, "3501": Decimal("94.46"),
        "1460": Decimal("-76.52"), "1800": Decimal("-35.95"),
    }  # fmt: skip


def test_xero_file_is_as_its_template_says(books):
    content = (GOLDEN / "xero-2026-11-EUR.csv").read_bytes()
    assert content.startswith(
        b"*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount,TrackingName1,"
        b"TrackingOption1,TrackingName2,TrackingOption2\r\n"
    )
    rows = read_named(content)
    journals = Counter()
    for row in rows:
        assert re.fullmatch(r"\d{2}/\d{2}/\d{4}", row["*Date"])
        assert re.fullmatch(r"-?\d+\.\d{2}", row["*Amount"])
        assert row["*TaxRate"] == "Tax Exempt"
        journals[row["*Narration"], row["*Date"]] += Decimal(row["*Amount"])
    assert len(rows) <= 300
    assert journals == {
        ("Author payments 2026-09, batch 202609-1", "02/11/2026"): 0,
        ("Author payments 2026-10, batch 202610-1", "06/11/2026"): 0,
    }


def test_file_made_again_after_the_month_has_the_same_bytes(house):
    later = AT + dt.timedelta(days=40)
    for format in ("csv", "datev", "xero"):
        first, second = make_file(format), make_file(format, at=later)
        assert first[1] == second[1]
        assert first[0].sha256 == second[0].sha256
        assert second[0].at == later
    assert BooksExport.objects.count() == 6


def test_month_without_an_entry_has_no_file(house):
    with pytest.raises(NothingToPost, match="In December 2026 no batch in EUR was approved"):
        make_file("csv", DECEMBER)
    with pytest.raises(UnknownFormat, match="Choose one of: csv, datev, xero"):
        make_file("lexware")
    assert not BooksExport.objects.exists()


ADVISED = {"consultant": "29098", "client": "55003"}
REFUSED = [  # (layout, setting, value, what is said)
    ("datev", "BOOKS_ACCOUNTS", {}, "no number for “cost”"),
    ("xero", "BOOKS_ACCOUNTS", ACCOUNTS | {"bank": ""}, "no number for “bank”"),
    ("xero", "BOOKS_ACCOUNTS", ACCOUNTS | {"banc": "1"}, "names “banc”"),
    ("datev", "BOOKS_ACCOUNTS", ACCOUNTS | {"bank": "18000"}, "equally many"),
    ("datev", "BOOKS_ACCOUNTS", ACCOUNTS | {"bank": "18A0"}, "four to eight digits"),
    ("xero", "BOOKS_ACCOUNTS", ACCOUNTS | {"bank": "=1800"}, "up to ten letters"),
    ("xero", "BOOKS_ACCOUNTS", ACCOUNTS | {"bank": "1460"}, "clearing and bank one number"),
    ("datev", "BOOKS_DATEV", ADVISED | {"consultant": "1000"}, "from 1001 to 9999999"),
    ("datev", "BOOKS_DATEV", ADVISED | {"client": "²"}, "Mandantennummer"),
    ("datev", "BOOKS_DATEV", ADVISED | {"year_starts": "02-30"}, "year_starts=02-30"),
    ("xero", "BOOKS_XERO_TAX_RATE", " ", "BOOKS_XERO_TAX_RATE is empty"),
]


def test_file_that_the_ledger_would_refuse_is_not_made(house):
    for format, name, value, problem in REFUSED:
        right = getattr(house, name)
        setattr(house, name, value)
        with pytest.raises(FileRefused, match=re.escape(problem)):
            make_file(format)
        setattr(house, name, right)
    assert not BooksExport.objects.exists()
    house.BOOKS_ACCOUNTS, house.BOOKS_DATEV = {}, {}
    make_file("csv")  # needs no setting


def test_authors_and_what_waits_may_share_an_account(house):
    house.BOOKS_ACCOUNTS = ACCOUNTS | {"waiting": "3500"}
    rows = read_rows(make_file("datev")[1], mark=";", encoding="cp1252")[2:]
    assert rows
    assert [row for row in rows if row[6] == row[7]] == []
