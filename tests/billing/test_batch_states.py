"""Every page calls the state of a batch the same, and none says settled while a payment waits."""

import datetime as dt
import re

import pytest

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import PayoutBatch
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER, make_batch
from tests.billing.pages import BATCHES, url_of
from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

DECEMBER = dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)
TRACK = re.compile(r'(?s)<ol class="bl-track".*?</ol>')


def state(batch):
    return PayoutBatch.objects.with_state().get(pk=batch.pk).state


def make_two():
    """Make an approved batch of two payments."""
    category = make_category()
    make_price(category, "10")
    for number in (100, 200):
        make_count(make_blog(category=category), number)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


@pytest.mark.parametrize(
    ("status", "name"),
    [("draft", "Draft"), ("submitted", "Submitted"), ("approved", "Approved"),
     ("paid", "Settled"), ("cancelled", "Cancelled")],
)  # fmt: skip
def test_state_of_a_batch_without_failures(status, name):
    assert state(make_batch(PayoutBatch.Status(status))) == name


@pytest.mark.thorough
def test_batch_is_never_settled_while_a_failed_payment_waits():
    batch = make_two()
    assert state(batch) == "Approved"
    export_payments(batch=batch, at=AT)
    assert state(batch) == "Sent"
    first, second = batch.payments.order_by("reference").values_list("pk", flat=True)
    record_results(batch=batch, results={first: ("failed", "Account closed")}, by=make_user())
    assert state(batch) == "Failed in part"
    record_results(batch=batch, results={second: ("paid", "")}, by=make_user())
    batch.refresh_from_db()
    assert (batch.status, state(batch)) == ("paid", "Failed in part")
    november, _ = steps.build_batch(month=dt.date(2026, 11, 1), at=DECEMBER)
    assert state(batch) == "Failed in part"  # a draft pays nobody, and may be given up
    november = steps.submit_batch(batch=november, by=make_user(), at=DECEMBER)
    assert state(batch) == "Failed in part"
    approve(november, at=DECEMBER)
    assert state(batch) == "Settled"  # the batch of November owes it now


@pytest.mark.thorough
def test_pages_say_the_same_of_a_batch_that_failed_in_part(client, sign_in):
    batch = make_two()
    export_payments(batch=batch, at=AT)
    first, second = batch.payments.order_by("reference").values_list("pk", flat=True)
    results = {first: ("failed", "Account closed"), second: ("paid", "")}
    record_results(batch=batch, results=results, by=make_user())
    sign_in("Finance")
    for page in (BATCHES, url_of(batch), f"/admin/billing/payment/{first}/change/"):
        text = client.get(page).text
        assert "Failed in part" in text.replace('value="failed">Failed in part', "")
        now = TRACK.sub("", text)  # which names what lies ahead, too
        assert "Settled" not in now.replace('value="settled">Settled', "")
