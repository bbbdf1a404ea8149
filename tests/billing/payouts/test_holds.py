import datetime as dt

import pytest
import time_machine

from billing.errors import HoldEnded, ReasonRequired, WrongStatus
from billing.models import Hold, Payment
from billing.payouts import steps
from billing.payouts.holds import end_hold, hold_payment, pay_out_payment, release_payment
from billing.proof.digests import digest_payment, record_payment
from tests.billing.batches import AT, OCTOBER, Status, make_batch
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

LATER = AT + dt.timedelta(days=3)


@pytest.fixture
def payment():
    return make_batch().payments.get()


def decide(act, payment, **values):
    return act(payment=payment, **{"by": make_user(), "reason": "Asked for", "at": AT} | values)


@pytest.mark.parametrize(
    ("act", "kind", "status", "why"),
    [
        (hold_payment, "hold", "held", "Asked for"),
        (pay_out_payment, "pay_out", "payable", "Paid out in full: Asked for"),
    ],
)
def test_hold_is_kept_with_who_and_when_and_why(payment, act, kind, status, why):
    by = make_user()
    decide(act, payment, by=by)
    hold, decided = Hold.objects.get(), Payment.objects.get()
    assert (hold.kind, hold.author_id, hold.reason) == (kind, payment.author_id, "Asked for")
    assert (hold.created_by, hold.created_at, hold.ended_at) == (by, AT, None)
    assert (decided.status, decided.status_reason) == (status, why)
    record = hold.history.get()
    assert (record.history_user, record.history_change_reason) == (by, "Asked for")


@pytest.mark.parametrize("end", ["release", "end"])
def test_end_is_kept_with_who_and_when_and_why(payment, end):
    hold, by = decide(hold_payment, payment), make_user()
    facts = {"by": by, "reason": "They came", "at": LATER}
    if end == "release":
        release_payment(payment=payment, **facts)
    else:
        end_hold(hold=hold, **facts)
    hold.refresh_from_db()
    assert (hold.ended_by, hold.ended_at, hold.end_reason) == (by, LATER, "They came")
    assert Payment.objects.get().status == "payable"
    record = hold.history.first()
    assert (record.history_user, record.history_change_reason) == (by, "They came")


@pytest.mark.parametrize("act", [hold_payment, pay_out_payment])
def test_without_another_time_a_hold_begins_and_ends_now(payment, act):
    with time_machine.travel(AT, tick=False):
        hold = decide(act, payment, at=None)
    with time_machine.travel(LATER, tick=False):
        end_hold(hold=hold, by=make_user(), reason="They came")
    hold.refresh_from_db()
    assert (hold.created_at, hold.ended_at) == (AT, LATER)


@pytest.mark.parametrize("act", [hold_payment, pay_out_payment])
def test_hold_needs_a_reason(payment, act):
    with pytest.raises(ReasonRequired, match="Say why"):
        decide(act, payment, reason=" ")
    assert not Hold.objects.exists()


def test_end_needs_a_reason(payment):
    hold = decide(hold_payment, payment)
    with pytest.raises(ReasonRequired, match="Say why"):
        end_hold(hold=hold, by=make_user(), reason=" ")
    hold.refresh_from_db()
    assert hold.ended_at is None


def test_hold_ends_once(payment):
    hold = decide(hold_payment, payment)
    end_hold(hold=hold, by=make_user(), reason="They came", at=AT)
    with pytest.raises(HoldEnded, match=r"This hold was ended on 22 Nov 2026\."):
        end_hold(hold=hold, by=make_user(), reason="They went", at=LATER)
    hold.refresh_from_db()
    assert (hold.ended_at, hold.end_reason) == (AT, "They came")


def test_payment_that_nothing_holds_is_not_released(payment):
    end_hold(hold=decide(hold_payment, payment), by=make_user(), reason="They came", at=AT)
    with pytest.raises(WrongStatus, match="No hold keeps this payment back"):
        decide(release_payment, payment)


@pytest.mark.parametrize(
    ("act", "name"), [(hold_payment, "This hold"), (pay_out_payment, "Paying out in full")]
)
def test_hold_is_not_begun_twice(payment, act, name):
    decide(act, payment)
    with pytest.raises(WrongStatus, match=f"{name} is in force already: Asked for"):
        decide(act, payment, reason="Asked again")
    assert Hold.objects.get().ended_at is None


def test_other_kind_takes_the_place_of_a_hold(payment):
    hold, by = decide(hold_payment, payment), make_user()
    decide(pay_out_payment, payment, by=by, reason="ab" * 450, at=LATER)
    hold.refresh_from_db()
    assert (hold.ended_by, hold.ended_at) == (by, LATER)
    assert hold.end_reason == f"Replaced: {'ab' * 445}"
    assert Hold.objects.open().get().kind == "pay_out"
    assert Payment.objects.get().status == "payable"


@pytest.mark.parametrize("act", [hold_payment, pay_out_payment, release_payment])
@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.APPROVED, Status.PAID])
def test_payment_of_a_signed_batch_stays_as_it_is(act, status):
    payment = make_batch(status).payments.get()
    with pytest.raises(WrongStatus):
        decide(act, payment)
    assert not Hold.objects.exists()


@pytest.mark.thorough
def test_payment_that_a_signed_batch_kept_back_is_released_and_held_again():
    batch = make_batch()
    payment = batch.payments.get()
    decide(hold_payment, payment)
    make_count(make_blog(category=payment.lines.get().category), 1000)
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    payment = batch.payments.get(author=payment.author)
    decide(release_payment, payment, reason="They came")
    decide(hold_payment, payment, reason="They went")
    assert Payment.objects.get(pk=payment.pk).status == "held"
    assert Hold.objects.open().get().reason == "They went"


def test_drafts_of_the_author_follow_at_once_and_nobody_else_s():
    category = make_category()
    make_price(category, "10")
    for _ in range(2):
        make_count(make_blog(category=category), 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    payment, other = batch.payments.order_by("reference")
    decide(hold_payment, other, reason="Theirs")
    end_hold(hold=Hold.objects.get(), by=make_user(), reason="They came", at=AT)
    decide(hold_payment, payment)
    payment.refresh_from_db()
    other.refresh_from_db()
    assert (payment.status, payment.status_reason) == ("held", "Asked for")
    assert (payment.amount, payment.carried_amount) == (0, 10)
    assert (other.status, other.status_reason, other.amount) == ("payable", "", 10)
    digests = [line.digest for line in payment.lines.order_by("number")]
    assert payment.digest == digest_payment(record_payment(payment), digests)
