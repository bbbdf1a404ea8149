"""Files of the bank that are wrong, or right in an unusual way."""

import datetime as dt

import pytest

from billing.bank.results.apart import read_result_file, read_table_apart
from billing.bank.results.layouts import read_header
from billing.bank.results.matching import compare_results
from billing.bank.results.recording import Result, record_results
from billing.errors import InvalidResults, WrongStatus
from tests.billing.batches import AT, make_exported_batch
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

ONE, THREE = "202610-1-000001", "202610-1-000003"
TABLE = f"reference;outcome;reason\n{ONE};paid;\n{THREE};failed;Zürich closed\n"


def move(reference, direction, *, day="2026-11-24", reversal=""):
    if reversal:
        reversal = f"<RvslInd>{reversal}</RvslInd>"
    return (
        f'<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>{direction}</CdtDbtInd>{reversal}'
        f"<Sts><Cd>BOOK</Cd></Sts><ValDt><Dt>{day}</Dt></ValDt>"
        "<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{reference}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        "</TxDtls></NtryDtls></Ntry>"
    )


def advise(*movements):
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
        "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>S</MsgId><CreDtTm>2026-11-26T02:00:00</CreDtTm>"
        "</GrpHdr><Ntfctn><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        f"{''.join(movements)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def compare(content):
    batch = make_exported_batch()
    match = compare_results(batch=batch, rows=read_result_file(content, payments=3))
    numbers = {group.fate.value: group.number for group in match.groups}
    return numbers, [result.outcome for result in match.results.values()], match.problems


@pytest.mark.cases(1)
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_payment_that_came_back_failed_in_whatever_order_a_statement_lists_it(order):
    movements = [move(ONE, "DBIT"), move(ONE, "CRDT", day="2026-11-26")]
    assert compare(advise(*movements[order])) == ({"failed": 1}, ["failed"], [])


@pytest.mark.thorough
def test_payment_that_left_the_account_after_it_came_back_is_for_people():
    again = [move(ONE, "CRDT"), move(ONE, "DBIT", day="2026-11-26")]
    numbers, _, problems = compare(advise(*again))
    assert numbers == {"failed": 1, "twice": 1}
    assert problems == [f"Line 1: {ONE} has a row already, in line 1."]


@pytest.mark.thorough
def test_reversal_of_a_credit_is_no_return():
    numbers, results, problems = compare(advise(move(ONE, "DBIT", reversal="true")))
    assert (numbers, results) == ({"wrong": 1}, [])
    assert f"{ONE} came back before, and now the bank takes that back" in problems[0]


@pytest.mark.thorough
def test_reversal_of_somebody_elses_credit_stops_nothing():
    movements = [move("RENT-11", "DBIT", reversal="true"), move(ONE, "DBIT", reversal="false")]
    assert compare(advise(*movements)) == ({"paid": 1, "other": 1}, ["paid"], [])


@pytest.mark.thorough
@pytest.mark.parametrize("day", ["1900-01-01", "2025-11-24", "2062-11-24", "9999-12-31"])
def test_day_on_which_no_money_can_have_moved_is_named(day):
    numbers, _, problems = compare(advise(move(ONE, "DBIT", day=day)))
    assert numbers == {"wrong": 1}
    assert "can't be the day on which the bank moved the money" in problems[0]
    assert "approved on 22 Nov 2026" in problems[0]


@pytest.mark.thorough
@pytest.mark.parametrize("day", [dt.date(2025, 11, 24), dt.date(2062, 11, 24)])
def test_no_result_is_recorded_with_such_a_day(day):
    batch = make_exported_batch()
    results = {batch.payments.first().pk: Result("paid", value_date=day)}
    with pytest.raises(WrongStatus, match="can't be the day on which the bank moved the money"):
        record_results(batch=batch, results=results, by=make_user(), at=AT)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode("utf-16"),  # as Excel saves “Unicode text”
        b"\xff\xfe" + TABLE.replace(";", "\t").encode("utf-16-le"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        f"sep=;\r\n{TABLE}".encode(),
        f"\ufeffSEP=;\n{TABLE}".encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.replace("\n", "\r").encode(),
    ],
)
def test_table_is_read_as_programs_save_it(content):
    assert read_header(read_table_apart(content, payments=3)) == []
    assert compare(content) == ({"paid": 1, "failed": 1}, ["paid", "failed"], [])


@pytest.mark.thorough
def test_our_own_table_may_leave_the_column_of_reasons_out():
    table = f"Reference,Outcome\n{ONE},paid\n{THREE},Failed\n"
    numbers, _, problems = compare(table.encode())
    assert numbers == {"paid": 1, "wrong": 1}
    assert problems == [f"Row 3: say why {THREE} failed, as the bank says it."]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (TABLE.encode("utf-16-le")[:-80], "Save the table as “CSV UTF-8” and choose it again."),
        (TABLE.encode("latin-1"), "Save it as “CSV UTF-8” and choose it again."),
        (f'reference;outcome\n"{ONE};paid\n'.encode(), "save it as “CSV UTF-8” and choose that."),
    ],
)
def test_table_that_is_no_text_in_utf_8_says_how_to_go_on(content, problem):
    with pytest.raises(InvalidResults) as refusal:
        read_result_file(content, payments=3)
    assert refusal.value.problems[0].endswith(problem)
