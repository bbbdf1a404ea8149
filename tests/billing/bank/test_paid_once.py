"""What has its result is in no later file, and a result changes only between two people."""

import csv
import io
from decimal import Decimal

import pytest

from billing.bank.exports import export_payments
from billing.bank.formats import register_format, unregister_format
from billing.bank.formats.csv import FORMAT
from billing.bank.results.recording import record_results
from billing.errors import FourEyesViolation, ReasonRequired, WrongStatus
from billing.models import PaymentExport, PaymentResult
from billing.payouts import steps
from billing.querysets import PaymentQuerySet
from billing.verification import verify_payouts
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
    """Record a failure. A file was exported before, for there is no result without one."""
    if not batch.exports.exists():
        export_payments(batch=batch, format="other", at=AT)
    payment = batch.payments.get(author=blog.author)
    results = {payment.pk: ("failed", "Account closed")}
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    return payment.reference


def read_file(export):
    rows = csv.DictReader(io.StringIO(bytes(export.content).decode()))
    return {row["reference"]: (row["author"], row["amount"]) for row in rows}


@pytest.fixture(autouse=True)
def other_format():
    """A second format beside the CSV: the same rows under another key."""
    register_format(type(FORMAT)(**{**vars(FORMAT), "key": "other", "name": "Other"}))
    yield "other"
    unregister_format("other")


def test_payment_that_failed_and_is_paid_by_the_next_batch_is_in_no_later_file(blogs):
    september = sign(SEPTEMBER)
    failed = fail(september, blogs[0])
    read(blogs[0], OCTOBER)
    october = sign(OCTOBER)
    assert read_file(export_payments(batch=october, at=AT))["total"] == ("", "40.00")

    late = export_payments(batch=september, at=AT)

    rows = read_file(late)
    paid = september.payments.get(author=blogs[1].author).reference
    assert failed not in rows
    assert (rows[paid][1], rows["total"]) == ("20.00", ("", "20.00"))
    assert rows["left out"] == ("1 with a result before this file", "20.00")
    assert (late.payment_count, late.total, late.left_out_count, late.left_out_total) == (
        1, Decimal(20), 1, Decimal(20),
    )  # fmt: skip
    assert verify_payouts().difference == ""


def test_file_of_a_second_format_pays_only_what_is_left(blogs, other_format):
    september = sign(SEPTEMBER)
    assert read_file(export_payments(batch=september, at=AT))["total"] == ("", "40.00")
    first = september.payments.get(author=blogs[0].author)
    record_results(batch=september, results={first.pk: ("paid", "")}, by=make_user(), at=AT)
    rows = read_file(export_payments(batch=september, format=other_format, at=AT))
    assert first.reference not in rows
    assert rows["total"] == ("", "20.00")
    assert verify_payouts().difference == ""


def test_no_file_is_made_once_each_payment_has_its_result(blogs):
    september = sign(SEPTEMBER)
    for blog in blogs:
        fail(september, blog)
    with pytest.raises(WrongStatus, match="would pay nothing, or pay again"):
        export_payments(batch=september, at=AT)
    assert PaymentExport.objects.get().format == "other"


@pytest.fixture
def pays_twice(blogs, monkeypatch):
    """Return a function that exports September as if failed payments were still to be paid."""

    def export():
        september = sign(SEPTEMBER)
        failed = fail(september, blogs[0])
        read(blogs[0], OCTOBER)
        october = sign(OCTOBER)
        with monkeypatch.context() as patch:
            patch.setattr(PaymentQuerySet, "paying", PaymentQuerySet.above_zero)
            export_payments(batch=september, at=AT)
        return failed, october.payments.get(author=blogs[0].author).reference

    return export


def test_verification_names_a_file_that_pays_what_had_failed_before(pays_twice):
    pays_twice()
    difference = verify_payouts().difference
    assert "notes 2 payments of 40" in difference
    assert "it should have 1 of 20" in difference


def test_verification_names_a_file_of_an_earlier_version_that_pays_twice(pays_twice, monkeypatch):
    """Such a file notes no numbers, and holds every payment, failed or not."""
    monkeypatch.setattr("billing.bank.exports._count_payments", lambda batch: {})
    failed, again = pays_twice()
    difference = verify_payouts().difference
    assert f"pays {failed}, which had failed before the file was made" in difference
    assert f"{again} pays it again" in difference


# Results


@pytest.fixture
def exported(blogs):
    batch = sign(SEPTEMBER)
    export_payments(batch=batch, at=AT)
    return batch


def record(batch, outcome, reason, by):
    payment = batch.payments.in_order().first()
    return record_results(batch=batch, results={payment.pk: (outcome, reason)}, by=by, at=AT)


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


def test_other_result_than_before_needs_a_reason(exported):
    record(exported, "failed", "Account closed", make_user())
    with pytest.raises(ReasonRequired, match="Say why it is paid after all"):
        record(exported, "paid", "", make_user())


def test_bank_did_nothing_without_a_file(blogs):
    batch = sign(SEPTEMBER)
    with pytest.raises(WrongStatus, match="No file of September 2026 has been exported"):
        record(batch, "paid", "By hand, in cash", make_user())
    with pytest.raises(WrongStatus, match="No file of September 2026 has been exported"):
        record(batch, "failed", "Account closed", make_user())
    assert not PaymentResult.objects.exists()
