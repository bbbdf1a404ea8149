"""The dialogs and the page of a payment by hand, as people read them."""

import pytest
import time_machine
from django.urls import reverse

from billing.bank.by_hand import propose_hand_payment, withdraw_hand_payment
from billing.models import HandPayment
from tests.billing.batches import AT, Status, make_batch
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def payment():
    """A payment of €12.35, whose line is €12.345 exactly."""
    return make_batch(Status.APPROVED, views=12_345, price="1").payments.get()


def test_whoever_pays_by_hand_reads_whole_cents(client, sign_in, payment):
    sign_in("Finance")
    page = client.get(reverse("admin:billing_payment_by_hand", args=[payment.pk])).text
    assert "<strong>€12.35</strong>" in page


@pytest.mark.thorough
def test_day_that_is_offered_is_the_day_in_the_house(client, sign_in, payment):
    """Near midnight that is another one than in UTC."""
    with time_machine.travel("2026-12-01T23:30:00Z", tick=False):
        sign_in("Finance")
        page = client.get(reverse("admin:billing_payment_by_hand", args=[payment.pk])).text
    assert 'name="paid_on" value="2026-12-02"' in page


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("step", "told"), [("proposed", "To be confirmed"), ("withdrawn", "Taken back")]
)
def test_page_tells_the_state_in_words(client, sign_in, payment, step, told):
    hand = propose_hand_payment(
        payment=payment, means="cash", paid_on=AT.date(), reason="No bank", by=make_user(), at=AT
    )
    if step == "withdrawn":
        withdraw_hand_payment(proposal=hand, by=make_user(), reason="Not true", at=AT)
    sign_in("Finance")
    page = client.get(reverse("admin:billing_handpayment_change", args=[hand.pk])).text
    assert told in page
    assert "(&#x27;" not in page
    assert HandPayment.objects.get().state == told.lower()
