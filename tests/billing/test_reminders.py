import datetime as dt

import pytest
from django.core import mail

from backoffice.mailing.delivery import send_waiting
from backoffice.mailing.reminders import write_summaries
from billing import reminders
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import PayoutBatch
from billing.proof import sealing
from tests.billing.batches import AT, make_batch, make_exported_batch
from tests.factories import make_groups, make_payee, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
Status = PayoutBatch.Status


@pytest.fixture
def people(settings):
    """Finn of finance, and Ann who approves. What waits for 3 days is told."""
    settings.REMIND_AFTER_DAYS = 3
    make_groups("10_groups.json", "30_billing_groups.json")
    finn = make_user("finn", groups=["Finance"], email="finn@example.org")
    ann = make_user("ann", groups=["Approvers"], email="ann@example.org")
    return finn, ann


def texts(lister, at):
    return {one.text for one in lister(at)}


def test_draft_is_told_when_it_is_ready_and_when_it_has_waited(people):
    make_batch()
    finn, _ = people
    for at, words in [
        (AT + DAY, "is ready to be checked and submitted"),
        (AT + 3 * DAY, "has waited for 3 days to be submitted"),
    ]:
        (reminder,) = reminders.list_batches(at)
        assert reminder.text == f"The payout batch of October 2026 (€10.00) {words}."
        assert reminder.person == finn.pk


def test_submitted_batch_is_told_to_approvers_but_its_signers(people):
    finn, ann = people
    make_batch(Status.SUBMITTED, submitter=finn)
    finn.groups.add(*ann.groups.all())
    assert texts(reminders.list_batches, AT + 2 * DAY) == set()
    (reminder,) = reminders.list_batches(AT + 3 * DAY)
    assert reminder.person == ann.pk
    assert reminder.text.endswith("has waited for 3 days for an approver.")


@pytest.mark.thorough
def test_approved_batch_is_told_until_a_file_is_exported_and_then_until_it_has_results(people):
    batch = make_batch(Status.APPROVED)
    late = AT + 3 * DAY
    assert texts(reminders.list_batches, AT + 2 * DAY) == set()
    (text,) = texts(reminders.list_batches, late)
    assert text.endswith("was approved 3 days ago, and no file was exported yet.")
    export_payments(batch=batch, at=late)
    assert texts(reminders.list_batches, late + 2 * DAY) == set()
    (text,) = texts(reminders.list_batches, late + 3 * DAY)
    assert text.endswith("was sent 3 days ago, and payments have no result yet.")


@pytest.mark.thorough
def test_failed_payments_are_told_until_they_are_paid_again(people):
    batch = make_exported_batch()
    first, second, third = batch.payments.order_by("reference")
    results = {
        first.pk: ("paid", ""),
        second.pk: ("failed", "Account closed"),
        third.pk: ("failed", "Account closed"),
    }
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    (text,) = texts(reminders.list_batches, AT + 9 * DAY)
    assert text.endswith("has 2 that failed and wait to be paid again.")


@pytest.mark.thorough
def test_settled_batch_reminds_nobody(people):
    make_batch(Status.PAID)
    assert texts(reminders.list_batches, AT + 99 * DAY) == set()


def test_details_that_nobody_confirms_are_told_without_a_name(people):
    author = make_user()
    payee = make_payee(author, at=AT, legal_name="Ada Lovelace", is_confirmed=False)
    entered = AT - 100 * HOUR
    assert texts(reminders.list_payees, entered + 2 * DAY) == set()
    told = list(reminders.list_payees(entered + 3 * DAY))
    assert {one.person for one in told} == {people[0].pk}
    for one in told:
        assert "Ada" not in one.text
        assert one.url.endswith(f"/payee/{payee.pk}/change/")


def test_who_entered_details_is_not_asked_to_confirm_them(people):
    make_payee(make_user(), at=AT, by=people[0], is_confirmed=False)
    assert list(reminders.list_payees(AT)) == []


@pytest.mark.thorough
def test_money_is_told_again_when_it_waits_on(people, settings):
    settings.OUTSTANDING_ALARM_DAYS, settings.REMIND_AGAIN_DAYS = 60, 7
    batch = make_exported_batch()
    results = {payment.pk: ("failed", "Account closed") for payment in batch.payments.all()}
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    since = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert texts(reminders.list_waiting_money, since + 67 * DAY) == set()
    (text,) = texts(reminders.list_waiting_money, since + 69 * DAY)
    assert text == ("€6.00 of 3 authors waited for more than 60 days, the oldest since 1 Nov 2026.")


@pytest.mark.thorough
def test_mail_of_the_day_names_the_head_of_the_chain(people):
    make_batch(Status.APPROVED)
    write_summaries(at=AT + 3 * DAY)
    send_waiting(at=AT + 3 * DAY)
    (message,) = [sent for sent in mail.outbox if "finn" in sent.to[0]]
    head = sealing.chain_head()
    assert f"number {head.number},\n{head.hash}" in message.body
