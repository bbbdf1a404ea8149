"""What has its result is in no later file, and a result changes only between two people."""

import pytest

from billing.bank.exports import export_payments
from billing.bank.results import ResultRow
from billing.bank.results.matching import match_results
from billing.bank.results.recording import record_results
from billing.errors import FourEyesViolation, InvalidResults, ReasonRequired, WrongStatus
from billing.models import PaymentResult
from billing.payouts import steps
from billing.verification import verify_payouts
from tests.billing.bank_files import read_csv
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.factories import approve, make_blog, make_click, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def blogs():
    """The blogs of two authors, each with 2,000 views worth €20 in September."""
    blogs = [make_blog(), make_blog()]
    for blog in blogs:
        make_price(blog.category, "10000")
        read(blog, SEPTEMBER)
    return blogs


def read(blog, month):
    for number in range(2):
        start = AT.replace(year=month.year, month=month.month, day=10)
        make_click(blog, number, start=start, ip_address=f"192.0.2.{number}")


def sign(month):
    batch, _ = steps.build_batch(month=month, at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


def fail(batch, blog):
    payment = batch.payments.get(author=blog.author)
    results = {payment.pk: ("failed", "Account closed")}
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    return payment.reference


def read_file(export):
    return {row["reference"]: (row["author"], row["amount"]) for row in read_csv(export)}


@pytest.mark.thorough
def test_payment_that_failed_is_issued_again_under_a_new_reference_alone(blogs):
    september = sign(SEPTEMBER)
    export_payments(batch=september, at=AT)
    failed = fail(september, blogs[0])
    with pytest.raises(WrongStatus, match="under a new reference"):
        export_payments(batch=september, format="pain001", at=AT)
    read(blogs[0], OCTOBER)
    october = sign(OCTOBER)
    again = october.payments.get(author=blogs[0].author)
    assert list(read_file(export_payments(batch=october, at=AT))) == [again.reference]
    assert again.reference != failed
    rows = [ResultRow(2, failed, "paid", "")]
    with pytest.raises(InvalidResults, match="no payment of this batch, but one of September 2026"):
        match_results(batch=october, rows=rows, others_paid=False)
    results = {september.payments.get(reference=failed).pk: ("paid", "It came through after all")}
    with pytest.raises(WrongStatus, match="a later batch pays it again"):
        record_results(batch=september, results=results, by=make_user(), at=AT)
    assert verify_payouts().difference == ""


# Results


@pytest.fixture
def exported(blogs):
    batch = sign(SEPTEMBER)
    export_payments(batch=batch, at=AT)
    return batch


def record(batch, outcome, reason, by):
    payment = batch.payments.in_order().first()
    return record_results(batch=batch, results={payment.pk: (outcome, reason)}, by=by, at=AT)


@pytest.mark.thorough
def test_other_result_than_before_needs_a_second_person(exported):
    first, second = make_user(), make_user()
    record(exported, "failed", "Account closed", first)
    with pytest.raises(FourEyesViolation, match="recorded as failed, by you"):
        record(exported, "paid", "It arrived after all", first)
    record(exported, "paid", "It arrived after all", second)
    with pytest.raises(FourEyesViolation, match="recorded as paid, by you"):
        record(exported, "failed", "It went back again", second)
    record(exported, "failed", "It went back again", first)
    assert list(PaymentResult.objects.order_by("pk").values_list("outcome", "by")) == [
        ("failed", first.pk), ("paid", second.pk), ("failed", first.pk),
    ]  # fmt: skip


@pytest.mark.thorough
def test_other_result_than_before_needs_a_reason(exported):
    record(exported, "failed", "Account closed", make_user())
    with pytest.raises(ReasonRequired, match="Say why it is now recorded as paid"):
        record(exported, "paid", "", make_user())


def test_bank_did_nothing_without_a_file(blogs):
    batch = sign(SEPTEMBER)
    with pytest.raises(WrongStatus, match="No file of September 2026 has been exported"):
        record(batch, "paid", "By hand, in cash", make_user())
    with pytest.raises(WrongStatus, match="No file of September 2026 has been exported"):
        record(batch, "failed", "Account closed", make_user())
    assert not PaymentResult.objects.exists()
