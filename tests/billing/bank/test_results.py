import pytest

from billing.bank.exports import export_payments
from billing.bank.results.csv import read
from billing.bank.results.matching import describe_results, match_results
from billing.bank.results.recording import Result, says_why
from billing.errors import InvalidResults
from billing.models import Payment, PayoutBatch
from billing.payouts import steps
from billing.payouts.holds import hold_payment
from tests.billing.batches import AT, make_batch
from tests.factories import approve, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]

REFERENCE = "202610-1-000001"


def rows_of(text):
    return [(row.number, row.reference, row.outcome, row.reason) for row in read(text.encode())]


@pytest.mark.any_database
@pytest.mark.parametrize("mark", [",", ";", "\t", ", "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_are_read_as_spreadsheets_write_them(mark, end):
    text = end.join([f"reference{mark}outcome{mark}reason", "", f"a{mark}Failed{mark}Closed", ""])
    assert rows_of(text) == [(3, "a", "failed", "Closed")]


@pytest.mark.any_database
def test_reason_may_hold_commas_quoted_or_not_and_may_be_left_out():
    assert rows_of('a,failed,Closed, says the bank\nb,failed,"Closed, it says"\nc,paid') == [
        (1, "a", "failed", "Closed, says the bank"),
        (2, "b", "failed", "Closed, it says"),
        (3, "c", "paid", ""),
    ]


@pytest.mark.any_database
def test_text_that_is_no_csv_names_the_row():
    with pytest.raises(InvalidResults, match="Row 2: this can't be read as CSV"):
        read(b'a,paid\n"b"x,paid')


def match(text):
    batch = make_batch(PayoutBatch.Status.APPROVED)
    return match_results(batch=batch, rows=read(text.encode()), others_paid=False)


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense,paid", "Row 1: “nonsense” is no payment of this batch."),
        (f"\n{REFERENCE},lost", "Row 2: “lost” is no outcome. Write paid or failed."),
        (f"{REFERENCE}", "Row 1: “” is no outcome."),
        (f"{REFERENCE},failed", f"Row 1: say why {REFERENCE} failed"),
        (f"{REFERENCE},failed,.", f"Row 1: say why {REFERENCE} failed"),
        (f"{REFERENCE},failed,{'x' * 501}", "Row 1: the reason is longer than 500 characters."),
        (f"{REFERENCE},paid\n{REFERENCE},paid", f"Row 2: {REFERENCE} has a row already."),
    ],
)
def test_row_that_is_wrong_is_named(text, problem):
    with pytest.raises(InvalidResults, match=problem):
        match(text)


@pytest.mark.thorough
def test_payment_that_is_not_to_be_paid_takes_no_result():
    batch = make_batch()
    payment = batch.payments.get()
    hold_payment(payment=payment, by=make_user(), reason="Under review.")
    approve(steps.submit_batch(batch=batch, by=make_user()))
    with pytest.raises(InvalidResults, match="is on hold: it can't be recorded as paid"):
        match_results(batch=batch, rows=read(f"{REFERENCE},paid".encode()), others_paid=False)
    assert match_results(batch=batch, rows=[], others_paid=True) == {}


@pytest.mark.thorough
@pytest.mark.any_database
def test_all_problems_are_told_up_to_twenty():
    with pytest.raises(InvalidResults) as refusal:
        match("\n".join(f"nonsense{number},paid" for number in range(25)))
    assert len(refusal.value.problems) == 21
    assert refusal.value.problems[-1] == "And 5 more."


@pytest.mark.thorough
def test_others_are_paid_where_that_is_said():
    assert match("") == {}
    pk = Payment.objects.get().pk
    batch = PayoutBatch.objects.get()
    assert match_results(batch=batch, rows=[], others_paid=True) == {}  # it is in no file yet
    export_payments(batch=batch, at=AT)
    assert match_results(batch=batch, rows=[], others_paid=True) == {pk: Result("paid")}
    rows = read(f"{REFERENCE},failed,Closed".encode())
    results = match_results(batch=batch, rows=rows, others_paid=True)
    assert results == {pk: Result("failed", "Closed")}


@pytest.mark.any_database
def test_results_are_described_by_their_numbers():
    paid = dict.fromkeys(range(1200), ("paid", ""))
    assert describe_results(paid | {-1: ("failed", "x")}) == "1,200 as paid and 1 as failed"


@pytest.mark.parametrize("reason", ["Account closed", "AC04", "R03", "R03."])
def test_bank_may_say_why_by_its_code(reason):
    assert says_why(reason)


@pytest.mark.parametrize("reason", ["", ".", "x", "3", "R", "R3", "1 R 3"])
def test_neither_a_sign_nor_a_number_says_why_a_payment_failed(reason):
    assert not says_why(reason)
