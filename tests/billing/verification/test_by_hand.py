"""A forged payment by hand is named."""

import datetime as dt
from collections import Counter

import pytest

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.models import HandPayment, Verification
from billing.verification.by_hand import check_by_hand
from billing.verification.differences import Difference
from billing.verification.histories import check_histories
from tests.billing.batches import AT, Status, make_batch
from tests.billing.tampering import change
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def hand():
    payment = make_batch(Status.APPROVED).payments.get()
    proposal = propose_hand_payment(
        payment=payment, means="cash", paid_on=AT.date(), reason="No bank", by=make_user(), at=AT
    )
    return confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)


def rows(hand):
    return HandPayment.objects.filter(pk=hand.pk)


def check(hand):
    check_by_hand(Verification(), str(hand.payment.batch_id), "", Counter())


FORGERIES = {
    "it pays neither": lambda hand: change(rows(hand), proposed_by=hand.payment.author),
    "no result of that person": lambda hand: change(rows(hand), confirmed_by=make_user()),
}


@pytest.mark.parametrize("message", ["it pays neither", "no result of that person"])
def test_forged_payment_by_hand_is_named(hand, message):
    check(hand)
    FORGERIES[message](hand)
    with pytest.raises(Difference, match=message):
        check(hand)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "values", [{"reason": "Another"}, {"means": "card"}, {"paid_on": dt.date(2026, 11, 30)}]
)
def test_payment_by_hand_that_is_not_as_its_history_ends_is_named(hand, values):
    check_histories(Verification(), "", "", Counter())
    change(rows(hand), **values)
    with pytest.raises(Difference, match="payment by hand"):
        check_histories(Verification(), "", "", Counter())
