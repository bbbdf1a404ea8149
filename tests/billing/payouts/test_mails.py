import datetime as dt

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction

from billing.models import PayoutBatch, Seal
from billing.payouts import mails
from billing.payouts.steps import return_batch, submit_batch
from billing.proof import sealing
from tests.billing.batches import make_batch as make_batch_of_views
from tests.billing.payouts.bare_batches import KEPT_BACK, OCTOBER, make_batch, make_payment
from tests.factories import approve, make_user, make_view_seal

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def finn(groups):
    """A finance clerk who submitted the batch."""
    return make_user("finn", groups=["Finance"], email="finn@example.org", first_name="Finn")


@pytest.fixture
def batch(finn):
    """A batch with two payments of 1,234.50 together, and one that is kept back."""
    batch = make_batch()
    make_payment(batch, amount="1000", author_name="Ada Example")
    make_payment(batch, amount="234.50")
    make_payment(batch, **KEPT_BACK)
    for name, value in {
        "status": "submitted", "digest": "d" * 64, "submitted_by": finn, "submitted_at": AT,
        "approvals_needed": 2,
    }.items():  # fmt: skip
        setattr(batch, name, value)
    make_view_seal(OCTOBER, "submission", digest=batch.digest)
    batch.save()
    return batch


@pytest.fixture
def approver(groups):
    return make_user("ann", groups=["Approvers"], email="ann@example.org", first_name="Ann")


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """Return a function that calls another one, commits, and returns the mails sent."""

    def commit(function, *args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            function(*args, **kwargs)
        return mail.outbox

    return commit


def sign(batch, number, person):
    prefix = {1: "", 2: "second_"}[number]
    values = {f"{prefix}approved_by": person, f"{prefix}approved_at": AT}
    PayoutBatch.objects.filter(pk=batch.pk).update(**values)
    batch.refresh_from_db()


def test_submitted_batch_asks_all_who_may_approve_but_the_submitter(batch, approver, commit):
    make_user("bea", groups=["Approvers"], email="bea@example.org")
    make_user("gone", groups=["Approvers"], email="gone@example.org", is_active=False)
    make_user("mute", groups=["Approvers"])
    make_user("boss", is_superuser=True)
    make_user("aud", groups=["Auditors"], email="aud@example.org")
    batch.submitted_by.groups.add(*approver.groups.all())
    message, other = commit(mails.mail_submitted, batch)
    assert (message.to, other.to) == (["ann@example.org"], ["bea@example.org"])
    assert message.subject == "Approve the payout of October 2026"
    assert "Finn has submitted the payout of October 2026 for approval." in message.body
    assert "it needs two approvers" in message.body


def test_second_approver_is_asked_after_the_first(batch, approver, commit):
    make_user("bea", groups=["Approvers"], email="bea@example.org")
    sign(batch, 1, approver)
    (message,) = commit(mails.mail_submitted, batch)
    assert message.to == ["bea@example.org"]
    assert "Ann has approved the payout of October 2026." in message.body
    assert "needs a second approver" in message.body


def test_returned_batch_tells_the_submitter_why(batch, finn, approver, commit):
    batch.submitted_by = None
    batch.return_reason = "Ada's <views> & prices look wrong."
    (message,) = commit(mails.mail_returned, batch, to=finn)
    assert message.to == ["finn@example.org"]
    assert "Ada's <views> & prices look wrong." in message.body


def test_approved_batch_tells_submitter_and_finance(batch, approver, commit):
    make_user("fay", groups=["Finance"], email="fay@example.org")
    make_user("boss", is_superuser=True, email="boss@example.org")
    batch.submitted_by.groups.clear()
    sign(batch, 1, approver)
    sign(batch, 2, make_user("bea", first_name="Bea"))
    message, other = commit(mails.mail_approved, batch)
    assert (message.to, other.to) == (["fay@example.org"], ["finn@example.org"])
    assert "signed by Ann and Bea." in message.body


@pytest.mark.parametrize("about", ["submitted", "returned", "approved"])
def test_every_mail_says_month_total_payments_and_where_to_go(
    about, batch, finn, approver, commit, settings
):
    settings.SITE_URL = "https://backoffice.example.org/"
    sign(batch, 1, approver)
    make_user("bea", groups=["Approvers"], email="bea@example.org")
    to = {"to": finn} if about == "returned" else {}
    message = commit(getattr(mails, f"mail_{about}"), batch, **to)[0]
    for part in (
        "October 2026",
        "Total:     €1,234.50",
        "Payments:  2",
        "Kept back: 1,",
        f"https://backoffice.example.org/admin/billing/payoutbatch/{batch.pk}/change/",
        "Nothing has been sealed yet",
    ):
        assert part in message.body, part
    for part in ("Ada Example", "1,000", "234.50\n\n", "r1"):
        assert part not in message.body, part


def test_mail_shows_the_head_of_the_chain(batch, approver, commit):
    with transaction.atomic():
        sealing.append_seal(batch=batch, kind=Seal.Kind.RESULTS, content={}, at=AT)
    head = sealing.chain_head()
    (message,) = commit(mails.mail_submitted, batch)
    assert f"number {head.number},\n{head.hash}\n" in message.body


def test_nothing_is_sent_for_a_step_that_was_rolled_back(batch, approver, commit):
    def fail():
        with transaction.atomic():
            mails.mail_submitted(batch)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        commit(fail)
    assert mail.outbox == []


def test_nobody_to_tell_is_no_error(batch, commit):
    assert commit(mails.mail_submitted, batch) == []


@pytest.mark.django_db(transaction=True)
def test_mail_server_that_fails_is_logged_and_changes_nothing(batch, approver, monkeypatch, caplog):
    def fail(self, messages):
        raise ConnectionRefusedError("No mail server.")

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    with transaction.atomic():
        PayoutBatch.objects.update(approved_by=approver, approved_at=AT)
        mails.mail_submitted(batch)
    assert PayoutBatch.objects.get().approved_by == approver
    assert "No mail server." in caplog.text


def subjects_of(commit, step, *args, **kwargs):
    sent = len(mail.outbox)
    outbox = commit(step, *args, **kwargs)[sent:]
    return [*dict.fromkeys(message.subject for message in outbox)]


@pytest.mark.thorough
def test_each_step_of_a_batch_sends_its_mail(finn, approver, commit, settings):
    settings.SECOND_APPROVAL_ABOVE = 5
    make_user("bea", groups=["Approvers"], email="bea@example.org")
    draft, ask = make_batch_of_views(), ["Approve the payout of October 2026"]
    assert subjects_of(commit, submit_batch, batch=draft, by=finn, at=AT) == ask
    returned = subjects_of(commit, return_batch, batch=draft, by=approver, reason="Look again")
    assert returned == ["The payout of October 2026 was returned"]
    again = subjects_of(commit, submit_batch, batch=draft, by=finn, answer="They are right", at=AT)
    assert again == ask
    assert subjects_of(commit, approve, draft, by=approver, at=AT) == ask
    assert subjects_of(commit, approve, draft, by=make_user(), at=AT) == [
        "The payout of October 2026 is approved"
    ]
