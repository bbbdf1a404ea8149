"""NACHA PPD: written by us, read here field by field as the operating rules have them."""

from decimal import Decimal
from pathlib import Path

import pytest

from billing.bank.choosing import choose_payments
from billing.bank.exports import export_payments
from billing.bank.formats import find_format
from billing.errors import FileRefused
from billing.verification import verify_payouts
from tests.billing.bank_files import NACHA, US, make_paid_batch, read_file
from tests.billing.batches import AT

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

GOLDEN = Path(__file__).parent / "samples" / "nacha.ach"
SAVINGS = US | {"routing": "021000021", "number": "98765", "account_type": "savings"}


@pytest.fixture(autouse=True)
def _dollars(settings):
    settings.CURRENCY = "USD"
    settings.BANK_NACHA = NACHA


def export(batch):
    return export_payments(batch=batch, format="nacha", at=AT)


def read(content):
    """Return the records of a file after every check that a bank makes of it."""
    lines = content.decode("ascii").split("\n")
    assert lines.pop() == ""
    assert {len(line) for line in lines} == {94}
    assert len(lines) % 10 == 0
    records = [line for line in lines if line != "9" * 94]
    assert lines[len(records) :] == ["9" * 94] * (len(lines) - len(records))
    header, batch, *entries, batch_control, control = records
    kinds = (header[0], batch[0], batch_control[0], control[0])
    assert (kinds, {entry[0] for entry in entries}) == (("1", "5", "8", "9"), {"6"})
    hashed = sum(int(entry[3:11]) for entry in entries) % 10**10
    cents = sum(int(entry[29:39]) for entry in entries)
    assert batch[1:4] == batch_control[1:4] == "220"
    assert int(batch_control[4:10]) == len(entries) == int(control[13:21])
    assert int(batch_control[10:20]) == hashed == int(control[21:31])
    assert int(batch_control[20:32]) == int(control[31:43]) == 0
    assert int(batch_control[32:44]) == cents == int(control[43:55])
    assert (int(control[1:7]), int(control[7:13])) == (1, len(lines) // 10)
    assert batch_control[44:54] == batch[40:50]
    assert batch[79:87] == batch_control[79:87]
    odfi = batch[79:87]
    traces = [entry[79:94] for entry in entries]
    assert traces == [f"{odfi}{number:07}" for number in range(1, len(entries) + 1)]
    assert header[34:40] == "094101"
    for entry in entries:
        digits = [int(digit) for digit in entry[3:12]]
        weights = (3, 7, 1, 3, 7, 1, 3, 7, 1)
        assert sum(map(int.__mul__, digits, weights)) % 10 == 0
    return header, batch, entries


@pytest.mark.thorough
def test_file_is_the_golden_one_and_made_again_the_same():
    batch = make_paid_batch(US | {"legal_name": "Ada Example"}, SAVINGS | {"legal_name": "Zoë Ö"})
    assert read_file(export(batch)) == GOLDEN.read_bytes()
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_entries_say_who_gets_what_on_which_account():
    batch = make_paid_batch(US | {"legal_name": "Ada Example"}, SAVINGS | {"legal_name": "Zoë Ö"})
    header, head, entries = read(read_file(export(batch)))
    assert (header[3:13], header[13:23]) == (" 091000019", "1234567890")
    assert (header[40:63].strip(), header[63:86].strip()) == ("FIRST SAMPLE BANK", "IMPRINT PRESS")
    assert (head[4:20].strip(), head[50:53]) == ("IMPRINT PRESS", "PPD")
    assert head[69:75] == "261123"  # 22 November is a Sunday
    told = [
        (one[1:3], one[3:12], one[12:29].strip(), int(one[29:39]), one[39:54], one[54:76].strip())
        for one in entries
    ]
    assert told == [
        ("22", "111000025", "0012345678", 1000, "202610-1-000001", "ADA EXAMPLE"),
        ("32", "021000021", "98765", 2000, "202610-1-000002", "ZOE O"),
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("number", [6, 7])
def test_blocks_are_filled_up_to_ten(number):
    _, _, entries = read(read_file(export(make_paid_batch(*[US] * number))))
    assert len(entries) == number


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("+1 For the Veil", "+1 FOR THE VEIL"),
        ("=1+1", "=1+1"),
        ("Ann 🎉 Other", "ANN . OTHER"),
        ("x" * 140, "X" * 22),
    ],
)
def test_name_is_written_in_capitals_of_ascii_and_told_before(name, written):
    batch = make_paid_batch(US | {"legal_name": name})
    choice = choose_payments(batch, find_format("nacha"))
    told = [line.text for line in choice.changed]
    assert told == ([] if name == written else [f"Name: “{name}” becomes “{written}”"])
    _, _, (entry,) = read(read_file(export(batch)))
    assert entry[54:76].strip() == written


@pytest.mark.thorough
def test_what_a_file_can_not_take_is_left_out_with_the_reason():
    batch = make_paid_batch(US, {}, None, US | {"legal_name": "王小明"})
    choice = choose_payments(batch, find_format("nacha"))
    assert {why: number for why, number, _ in choice.reasons} == {
        "The account is none in the United States.": 1,
        "No payment details were known when the batch was submitted.": 1,
        "The name “王小明” can’t be written in ASCII.": 1,
    }
    made = export(batch)
    assert (made.payment_count, made.total) == (1, Decimal(10))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"routing": "091000018"}, "no valid routing"),
        ({"company_id": "12345678901"}, "no company_id"),
        ({"company": ""}, "no company:"),
        ({"bank": ""}, "no bank:"),
    ],
)
def test_no_file_is_made_without_the_bank_that_pays(settings, stated, says):
    settings.BANK_NACHA = NACHA | stated
    with pytest.raises(FileRefused) as refusal:
        export(make_paid_batch(US))
    assert says in " ".join(refusal.value.problems)


def test_nacha_pays_in_dollars_alone(settings):
    settings.CURRENCY = "EUR"
    with pytest.raises(FileRefused) as refusal:
        export(make_paid_batch(US))
    assert "US dollars alone" in refusal.value.problems[0]
