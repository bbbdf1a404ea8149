"""Answers of the bank to a whole file, which name no payment: they are about the payments in it."""

import pytest

from billing.bank.exports import export_payments
from billing.bank.results.apart import read_result_file
from billing.bank.results.matching import compare_results
from billing.bank.results.recording import record_results
from billing.payouts import steps
from tests.billing.bank_files import ACCOUNT, make_paid_batch
from tests.billing.batches import AT, SEPTEMBER
from tests.factories import IBANS, approve, make_blog, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

ABROAD = {"iban": IBANS[1], "country": "NL", "town": "Utrecht", "tax_id": ""}


@pytest.fixture
def batch(settings):
    """Two files of two payments and €50 each: €10 and €40 by SEPA, €20 and €30 by a table."""
    settings.BANK_ACCOUNT = ACCOUNT
    batch = make_paid_batch({}, None, None, ABROAD)
    export_payments(batch=batch, format="pain001", at=AT)
    export_payments(batch=batch, format="csv", at=AT)
    batch.refresh_from_db()
    return batch


def answer(message, *, status="RJCT", number="2", amount="50.00"):
    sums = f"<OrgnlNbOfTxs>{number}</OrgnlNbOfTxs>" if number else ""
    sums += f"<OrgnlCtrlSum>{amount}</OrgnlCtrlSum>" if amount else ""
    reason = "<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>" if status == "RJCT" else ""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>A-1</MsgId><CreDtTm>2026-11-23T10:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{sums}<GrpSts>{status}</GrpSts>{reason}"
        "</OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def compare(batch, content):
    rows = read_result_file(content, payments=batch.payments.count())
    return compare_results(batch=batch, rows=rows)


def outcomes(batch, match):
    amounts = dict(batch.payments.values_list("pk", "amount"))
    return sorted((int(amounts[pk]), result.outcome) for pk, result in match.results.items())


@pytest.mark.thorough
def test_refusal_of_a_file_fails_the_payments_in_it_and_no_others(batch):
    match = compare(batch, answer("202610-1-PAIN001-1"))
    assert match.problems == []
    assert outcomes(batch, match) == [(10, "failed"), (40, "failed")]
    match = compare(batch, answer("202610-1-CSV-1"))
    assert outcomes(batch, match) == [(20, "failed"), (30, "failed")]


@pytest.mark.thorough
def test_file_is_found_by_its_name_where_the_bank_tells_no_sum(batch):
    match = compare(batch, answer("202610-1-PAIN001-1", number="", amount=""))
    assert outcomes(batch, match) == [(10, "failed"), (40, "failed")]


@pytest.mark.thorough
def test_file_that_the_bank_settled_as_a_whole_is_paid(batch):
    match = compare(batch, answer("202610-1-PAIN001-1", status="ACSC"))
    assert outcomes(batch, match) == [(10, "paid"), (40, "paid")]


@pytest.mark.thorough
@pytest.mark.parametrize("status", ["ACCP", "ACSP", "RCVD", "PDNG"])
def test_file_that_is_on_its_way_says_nothing_new(batch, status):
    match = compare(batch, answer("202610-1-PAIN001-1", status=status))
    assert (match.results, match.problems) == ({}, [])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("message", "sums", "problem"),
    [
        ("PORTAL-7", {}, "2 files of October 2026 have that number and that sum"),
        ("PORTAL-7", {"amount": "49.00"}, "No file of October 2026 has that number and that sum"),
        ("PORTAL-7", {"number": "", "amount": ""}, "No file of October 2026 has that number"),
        ("202610-1-PAIN001-1", {"number": "4"},
         "202610-1-PAIN001-1 holds 2 payments, not 4"),
        ("202610-1-PAIN001-1", {"amount": "50.01"},
         "202610-1-PAIN001-1 pays €50.00, not 50.01"),
    ],
)  # fmt: skip
def test_file_that_nobody_can_tell_is_refused(batch, message, sums, problem):
    match = compare(batch, answer(message, **sums))
    assert match.results == {}
    assert problem in match.problems[0]


@pytest.mark.thorough
def test_answer_to_a_file_of_another_batch_names_that_batch():
    blog = make_blog()
    make_price(blog.category, "10")
    make_count(blog, 1000, SEPTEMBER)
    batch, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    export_payments(batch=batch, at=AT)
    match = compare(make_paid_batch(None), answer("202609-1-CSV-1", number="1", amount="10.00"))
    assert match.results == {}
    assert "that file is one of September 2026" in match.problems[0]


def test_payment_that_was_paid_before_its_file_was_refused_needs_a_second_person(batch):
    first = batch.payments.get(amount=10)
    record_results(batch=batch, results={first.pk: ("paid", "")}, by=make_user(), at=AT)
    match = compare(batch, answer("202610-1-PAIN001-1"))
    assert match.numbers["corrected"] == 1
    assert outcomes(batch, match) == [(10, "failed"), (40, "failed")]
