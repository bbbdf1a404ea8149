"""Changes of payments, and of the rows that they are worked out from, that the database refuses."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from billing.models import (
    Adjustment,
    CategoryPrice,
    Hold,
    Payment,
    PaymentExport,
    PaymentLine,
    PaymentResult,
)
from tests.billing.guarded import (
    AT,
    NO_DRAFT,
    SIGNED,
    STATUSES,
    copy_of,
    make_bare_result,
    make_batch,
    make_export,
    make_hold,
    make_result,
    refuses,
)
from tests.billing.tampering import undone, without_guards
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.cases(100)]


CHANGES = [
    "UPDATE billing_payment SET amount = 12000000",
    "UPDATE billing_payment SET author_name = 'Somebody else'",
    "UPDATE billing_payment SET digest = 'e'",
    "UPDATE billing_payment SET status = 'held', amount = 0, carried_amount = 11000000",
    "UPDATE billing_paymentline SET amount = 0, views = 0",
    "UPDATE billing_paymentline SET number = number + 10",
    "UPDATE billing_paymentline SET note = 'Other'",
    "DELETE FROM billing_paymentline",
    copy_of(PaymentLine, number="number + 10"),
]


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_drafts_payments_and_lines_are_changed(status, subtests):
    make_batch(status)
    for sql in CHANGES:
        with subtests.test(sql), undone():
            assert refuses(sql) is (status in NO_DRAFT)


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_drafts_payments_are_added_and_deleted(status):
    make_batch(status)
    new = copy_of(Payment, author_id=make_user().pk, reference="'R-new'")
    assert refuses(new) is (status in NO_DRAFT)
    if status == "draft":
        PaymentLine.objects.all().delete()
    assert refuses("DELETE FROM billing_payment") is (status in NO_DRAFT)


@pytest.mark.parametrize("status", NO_DRAFT)
def test_nothing_is_moved_into_or_out_of_a_batch_that_is_no_draft(status):
    frozen = make_batch(status).payments.get()
    draft = make_batch(month=dt.date(2026, 9, 1)).payments.get()
    move_payment = "UPDATE billing_payment SET batch_id = %s WHERE id = %s"
    move_lines = (
        "UPDATE billing_paymentline SET payment_id = %s, number = number + 10 WHERE payment_id = %s"
    )
    for payment, other in [(frozen, draft), (draft, frozen)]:
        assert refuses(move_payment, other.batch_id, payment.pk)
        assert refuses(move_lines, other.pk, payment.pk)


@pytest.mark.parametrize("status", SIGNED)
@pytest.mark.parametrize("outcome", ["paid", "failed", None])
def test_the_status_of_a_payment_follows_its_result(status, outcome, subtests):
    payment = make_batch(status).payments.get()
    if outcome:
        make_result(payment, outcome)
    for new in ["paid", "failed"]:
        with subtests.test(new), undone():
            allowed = status != "submitted" and outcome == new
            assert refuses("UPDATE billing_payment SET status = %s", new) is not allowed


def test_the_latest_result_counts():
    payment = make_batch("approved").payments.get()
    for outcome in ["paid", "failed", "paid"]:
        make_result(payment, outcome)
        assert not refuses("UPDATE billing_payment SET status = %s", outcome)
    assert refuses("UPDATE billing_payment SET status = 'failed'")
    assert refuses("UPDATE billing_payment SET status = 'payable'")


def test_a_result_brings_no_other_amount():
    make_result(make_batch("approved").payments.get(), "paid")
    assert refuses("UPDATE billing_payment SET status = 'paid', amount = 12000000")


CHANGES_OF_WHAT_IT_USES = [
    "UPDATE billing_categoryprice SET price_per_1000 = 11000000",
    "UPDATE billing_categoryprice SET effective_from = '2020-01-02'",
    "UPDATE billing_categoryprice SET note = 'Other'",
    "DELETE FROM billing_categoryprice",
    "UPDATE billing_adjustment SET amount = 2000000",
    "UPDATE billing_adjustment SET reason = 'Other'",
]


@pytest.mark.parametrize("status", STATUSES)
def test_what_a_signed_batch_uses_is_not_changed(status, subtests):
    make_batch(status)
    for sql in CHANGES_OF_WHAT_IT_USES:
        with subtests.test(sql), undone():  # a price that is gone would leave its line alone
            assert refuses(sql) is (status in SIGNED)


def test_saving_what_a_signed_batch_uses_as_it_is_changes_nothing():
    make_batch("paid")
    CategoryPrice.objects.get().save()
    Adjustment.objects.get().save()


def test_an_adjustment_is_never_deleted():
    make_batch()
    PaymentLine.objects.all().delete()
    assert refuses("DELETE FROM billing_adjustment")


def test_a_hold_is_ended_once():
    make_hold(make_user())
    end = "UPDATE billing_hold SET ended_at = %s, ended_by_id = %s"
    assert refuses("UPDATE billing_hold SET kind = 'pay_out'")
    assert refuses("UPDATE billing_hold SET created_by_id = %s", make_user().pk)
    assert not refuses(end, AT, make_user().pk)
    assert refuses(end, AT, make_user().pk)
    assert refuses(end, None, None)
    assert refuses("DELETE FROM billing_hold")
    assert Hold.objects.get().ended_at == AT


# Results of the bank


def test_a_payment_has_a_result_only_after_a_file_of_its_batch():
    payment = make_batch("approved").payments.get()
    make_result(payment, "failed")
    export = PaymentExport.objects.get()
    with without_guards():
        PaymentResult.objects.all().delete()
        export.rows.all().delete()
        export.delete()
    for outcome in ("paid", "failed"):
        with pytest.raises(IntegrityError, match="only after a file"), transaction.atomic():
            make_bare_result(payment, outcome)


def test_another_result_needs_a_reason_and_another_person():
    payment = make_batch("approved").payments.get()
    first = make_result(payment, "failed")
    for reason, by in (("", make_user()), ("It came after all", first.by)):
        with pytest.raises(IntegrityError, match="another person"), transaction.atomic():
            make_bare_result(payment, "paid", reason=reason, by=by)
    make_bare_result(payment, "paid", reason="It came after all", by=make_user())


def test_nobody_records_the_result_of_their_own_payment():
    payment = make_batch("approved").payments.get()
    make_export(payment.batch)
    with pytest.raises(IntegrityError, match="payment of their own"), transaction.atomic():
        make_bare_result(payment, "failed", by=payment.author)
