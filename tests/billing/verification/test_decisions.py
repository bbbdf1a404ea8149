"""Payments that were decided otherwise than they had to be, and digests that fit them."""

from collections import Counter
from decimal import Decimal

import pytest

from billing.models import Hold, Payment, PaymentLine, PayoutBatch, Verification
from billing.payouts import steps
from billing.payouts.holds import end_hold, hold_payment, pay_out_payment
from billing.verification.decisions import check_decisions, check_nobody_left_out
from billing.verification.differences import Difference
from tests.billing.adjustments import make_adjustment
from tests.billing.batches import AT, OCTOBER, SEPTEMBER, Status, make_batch
from tests.billing.tampering import without_guards
from tests.factories import approve, make_blog, make_count, make_price, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

KEPT = {"amount": 0, "rounding": 0, "carried_amount": 10}


def decide(batch):
    check_decisions(Verification(), str(batch.pk), "", Counter())


def look_for_the_left_out(batch):
    check_nobody_left_out(Verification(), str(batch.pk), "", Counter())


def submit(batch):
    return steps.submit_batch(batch=batch, by=make_user(), at=AT)


def tamper(batch, **values):
    with without_guards():
        batch.payments.update(**values)


def test_what_the_application_decides_is_decided_the_same_again():
    batch = make_batch()
    hold = hold_payment(payment=batch.payments.get(), by=make_user(), reason="A dispute")
    batch = approve(submit(batch), at=AT)
    end_hold(hold=hold, by=make_user(), reason="It is settled")
    decide(batch)
    look_for_the_left_out(batch)


@pytest.mark.thorough
def test_sum_of_the_minimum_is_paid(settings):
    settings.MINIMUM_PAYOUT = Decimal(10)
    batch = make_batch(Status.APPROVED)
    assert batch.payments.get().status == "payable"
    decide(batch)
    tamper(batch, **KEPT, status="carried", status_reason="Small.")
    with pytest.raises(Difference, match="more than the minimum"):
        decide(batch)


@pytest.mark.thorough
@pytest.mark.parametrize("amount", ["-10", "-10.001", "-9.996"])
def test_nothing_above_zero_is_carried_even_if_it_was_to_be_paid_in_full(amount):
    batch = make_batch()
    pay_out_payment(payment=batch.payments.get(), by=make_user(), reason="Leaves us", at=AT)
    make_adjustment(amount, author=batch.payments.get().author)
    batch = approve(submit(steps.rebuild_batch(batch=batch, by=make_user(), at=AT)), at=AT)
    assert batch.payments.get().status == "carried"
    decide(batch)


@pytest.mark.thorough
@pytest.mark.parametrize(("amount", "status"), [("-9.995", "payable"), ("-9.995001", "carried")])
def test_half_a_cent_is_paid_and_less_is_carried(amount, status):
    batch = make_batch()
    make_adjustment(amount, author=batch.payments.get().author)
    batch = approve(submit(steps.rebuild_batch(batch=batch, by=make_user(), at=AT)), at=AT)
    assert batch.payments.get().status == status
    decide(batch)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (KEPT | {"status": "held", "status_reason": "A dispute"}, "no hold says so"),
        (KEPT | {"status": "carried", "status_reason": "Small."}, "more than the minimum"),
        ({"status_reason": "Paid out in full: Leaves us"}, "nobody asked for it"),
    ],
)
def test_payment_kept_back_or_paid_for_no_reason_is_named(values, message):
    batch = make_batch(Status.APPROVED)
    tamper(batch, **values)
    with pytest.raises(Difference, match=message):
        decide(batch)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("start", "values", "message"),
    [
        (
            hold_payment,
            KEPT | {"status": "payable", "amount": 10, "carried_amount": 0},
            "it was on hold: A dispute",
        ),
        (pay_out_payment, {"status": "carried"} | KEPT, "was to be paid out in full: A dispute"),
    ],
)
def test_hold_or_pay_out_that_was_not_followed_is_named(start, values, message):
    batch = make_batch()
    start(payment=batch.payments.get(), by=make_user(), reason="A dispute")
    batch = approve(submit(batch), at=AT)
    tamper(batch, status_reason="", **values)
    with pytest.raises(Difference, match=message):
        decide(batch)


@pytest.mark.thorough
def test_payment_below_the_minimum_that_is_paid_is_named(settings):
    settings.MINIMUM_PAYOUT = Decimal(50)
    batch = approve(submit(make_batch()), at=AT)
    decide(batch)
    tamper(batch, status="payable", amount=10, carried_amount=0)
    with pytest.raises(Difference, match="below the minimum"):
        decide(batch)


@pytest.mark.thorough
def test_hold_after_the_submission_is_no_matter():
    batch = submit(make_batch())
    author = batch.payments.get().author
    hold = Hold(author=author, kind="hold", reason="Later", created_by=make_user(), created_at=AT)
    hold.save()
    decide(approve(batch, at=AT))


@pytest.mark.thorough
def test_adjustment_that_the_batch_left_out_is_named():
    adjustment = make_adjustment()
    batch = make_batch(Status.APPROVED)
    look_for_the_left_out(batch)
    with without_guards():
        PaymentLine.objects.filter(adjustment=adjustment).delete()
    with pytest.raises(Difference, match="is on no batch"):
        look_for_the_left_out(batch)


@pytest.mark.thorough
def test_adjustment_made_later_or_held_by_a_batch_cancelled_later_is_no_matter():
    make_adjustment()
    batch, other = make_batch(), None
    september = batch.month.replace(month=9)
    make_count(Blog.objects.first(), 500, september)
    steps.cancel_batch(batch=batch, by=make_user(), reason="Begun too early")
    other, _ = steps.build_batch(month=september, at=AT)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = approve(submit(batch), at=AT)
    steps.cancel_batch(batch=other, by=make_user(), reason="Begun too early")
    make_adjustment()
    look_for_the_left_out(batch)


@pytest.mark.thorough
def test_amount_carried_from_an_earlier_batch_that_is_left_out_is_named(settings):
    settings.MINIMUM_PAYOUT = Decimal(50)
    october = approve(submit(make_batch()), at=AT)
    november = october.month.replace(month=11)
    make_count(Blog.objects.first(), 9_000, november)
    batch, _ = steps.build_batch(month=november, at=AT.replace(month=12))
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT.replace(month=12)))
    look_for_the_left_out(batch)
    with without_guards():
        PaymentLine.objects.filter(carried_from__batch=october).delete()
    with pytest.raises(Difference, match="is carried, and no batch took it in"):
        look_for_the_left_out(batch)
    assert Payment.objects.count() == 2
    assert PayoutBatch.objects.signed().count() == 2


@pytest.mark.thorough
def test_amount_of_a_batch_that_was_approved_later_did_not_wait_yet(settings):
    settings.MINIMUM_PAYOUT = Decimal(5)
    blog, other = make_blog(), make_blog()
    make_price(blog.category, "10")
    make_price(other.category, "10")
    make_count(blog, 100, SEPTEMBER)  # 1.00, carried
    make_count(other, 1000, OCTOBER)
    september, october = (
        submit(steps.build_batch(month=month, at=AT)[0]) for month in (SEPTEMBER, OCTOBER)
    )
    approve(september, at=AT)
    assert Payment.objects.outstanding().get().exact_amount == 1
    approve(october, at=AT)
    look_for_the_left_out(october)
