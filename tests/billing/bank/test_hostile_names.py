"""Names as nobody types them, in NACHA and PayPal files: read back field by field, to the cent."""

import csv
import io
from decimal import Decimal

import pytest

from billing.bank.choosing import choose_payments
from billing.bank.exports import export_payments
from billing.bank.formats import find_format
from billing.bank.formats.paypal import PLAIN
from billing.bank.orders import Order
from billing.errors import InvalidDetails
from billing.models import PayoutBatch
from billing.payees import entry
from billing.payees.copies import PaidTo
from tests.billing.bank_files import NACHA, US, make_paid_batch, read_file
from tests.billing.batches import AT

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

# What a payee is called, and what stands in a NACHA file: 22 capitals of ASCII, cut and trimmed.
WRITTEN = {
    "\u202egro.live\u202c Ada": "GRO.LIVE ADA",
    "\u2066Ada\u2069 \u200fExample": "ADA EXAMPLE",
    "Ada\u200b\u200d\ufeff Example": "ADA EXAMPLE",
    'Ada "the Quote" O\u2019Hara': 'ADA "THE QUOTE" O\'HARA',
    "=1+1": "=1+1",
    "+49 SUM(A1)": "+49 SUM(A1)",
    "@home": "@HOME",
    "-2+3": "-2+3",
    "Ada, Example; and Co": "ADA, EXAMPLE; AND CO",
    "Ada\nExample\r\n6220000": "ADA EXAMPLE 6220000",
    "Ada\tExample": "ADA EXAMPLE",
    "Ada \U0001f389 Example": "ADA . EXAMPLE",
    "x" * 140: "X" * 22,
    "Zo\u0308e Straße": "ZOE STRASSE",
    "a" * 21 + " b": "A" * 21,
}
REFUSED = [
    "\u202e\u202c\u200b\u200d",
    "王小明",
    "\U0001f389\U0001f389",
    "...",
    "\u05d0\u05d3\u05d4",
]


def cut(line, *widths):
    """Return the fields of a record, which must fill it."""
    assert sum(widths) == len(line) == 94
    ends = [sum(widths[: number + 1]) for number in range(len(widths))]
    return [line[end - width : end] for end, width in zip(ends, widths, strict=True)]


def name_payees(names):
    """Return what is typed of each payee. The longest that a form takes is kept as it is."""
    return [US | {"legal_name": name} for name in names]


@pytest.fixture
def _kept_earlier(monkeypatch):
    """Payees whose names came in before the form refused such signs: they stay as they are."""
    monkeypatch.setattr(entry, "_clean", lambda text: text)
    monkeypatch.setattr(entry, "_find_fault", lambda name, text: "")


@pytest.fixture
def _dollars(settings):
    settings.CURRENCY = "USD"
    settings.BANK_NACHA = NACHA


@pytest.mark.thorough
@pytest.mark.usefixtures("_dollars", "_kept_earlier")
def test_nacha_file_with_hostile_names_is_read_back_to_the_cent():
    batch = make_paid_batch(*name_payees([*WRITTEN, *REFUSED]))
    choice = choose_payments(batch, find_format("nacha"))
    kept = {f"The name “{name}” can’t be written in ASCII." for name in REFUSED}
    assert set(choice.numbers) == kept
    assert choice.count == len(WRITTEN) == 15

    content = read_file(export_payments(batch=batch, format="nacha", at=AT))
    assert max(content) < 127
    lines = content.decode("ascii").removesuffix("\n").split("\n")
    assert [line[0] for line in lines] == ["1", "5", *"6" * 15, "8", *"9" * 2]
    assert lines[-1] == "9" * 94 or len(lines) % 10 == 0
    entries = [cut(line, 1, 2, 8, 1, 17, 10, 15, 22, 2, 1, 15) for line in lines if line[0] == "6"]
    names = [fields[7].strip() for fields in entries]
    assert names == list(WRITTEN.values())
    for number, fields in enumerate(entries, start=1):
        kind, code, bank, digit, account, cents, reference, _, other, addenda, trace = fields
        assert (kind, code, bank, digit, account.strip()) == (
            "6", "22", "11100002", "5", "0012345678",
        )  # fmt: skip
        assert (cents, reference) == (f"{number * 1000:010}", f"202610-1-{number:06}")
        assert (other, addenda, trace) == ("  ", "0", f"09100001{number:07}")
    control = cut(
        next(line for line in lines if line[0] == "8"), 1, 3, 6, 10, 12, 12, 10, 19, 6, 8, 7
    )
    # 10 + 20 + ... + 150 dollars; 15 times the first eight digits of the routing number.
    assert control[:6] == ["8", "220", "000015", "0166500030", "0" * 12, "000000120000"]
    end = cut(next(line for line in lines if line[0] == "9"), 1, 6, 6, 8, 10, 12, 12, 39)
    assert end[:7] == ["9", "000001", "000002", "00000015", "0166500030", "0" * 12, "000000120000"]


@pytest.mark.parametrize("name", ["x" * 141, "x" * 200, "\u202eAda", "Ada\u200b", "A\x00da"])
def test_form_takes_no_such_name_today(name):
    with pytest.raises(InvalidDetails):
        make_paid_batch({"legal_name": name})


@pytest.mark.thorough
@pytest.mark.usefixtures("_kept_earlier")
def test_paypal_file_holds_no_name_and_is_read_back_to_the_cent():
    names = [*WRITTEN, *REFUSED]
    paypal = {"account_kind": "paypal", "iban": ""}
    payees = [
        paypal | {"legal_name": name, "paypal": f"payee.{number}@example.com"}
        for number, name in enumerate(names, start=1)
    ]
    batch = make_paid_batch(*payees)
    content = read_file(export_payments(batch=batch, format="paypal", at=AT))
    rows = list(csv.reader(io.StringIO(content.decode("ascii"), newline=""), strict=True))
    assert rows == [
        [
            f"payee.{number}@example.com",
            f"{number * 10}.00",
            "EUR",
            f"202610-1-{number:06}",
            f"Payment 202610-1-{number:06}",
            "PAYPAL",
        ]
        for number in range(1, 21)
    ]
    assert sum(Decimal(row[1]) for row in rows) == Decimal("2100.00")
    assert content.count(b"\r\n") == content.count(b"\n") == 20


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("ada.money+tag@example.com", True),
        ("2BCDEFGH345JK", True),
        ("o'hara_x-y@example.com", True),
        ("a,b@example.com", False),
        ('"a b"@example.com', False),
        ("a\nb@example.com", False),
        ("ada@m\u00fcnchen.example", False),
        ("\u202eada@example.com", False),
        ("ada;eve@example.com", False),
        ("", False),
    ],
)
def test_paypal_takes_plain_addresses_alone(address, fits):
    assert bool(PLAIN.fullmatch(address)) is fits


def test_address_that_paypal_does_not_take_names_its_payee():
    account = {"kind": "paypal", "paypal": "ada@m\u00fcnchen.example"}
    paid_to = PaidTo("r-1", "Ada, Example", "DE", "en", {}, "paypal", account)
    order = Order("r-1", "Ada", "ada", Decimal("10.00"), paid_to)
    told = find_format("paypal").fit(order, PayoutBatch(currency="EUR"))
    assert told.refusal == (
        "The address of the PayPal account of “Ada, Example” holds signs that PayPal’s file does "
        "not take."
    )
