"""A submission is recalled by its submitter; a returned batch is answered in writing."""

import pytest

from billing.errors import FourEyesViolation, ReasonRequired, WrongStatus
from billing.models import PayoutBatch
from billing.payouts import steps
from billing.payouts.requests import recall_batch
from tests.billing.batches import AT, make_batch
from tests.billing.pages import press, url_of
from tests.factories import approve, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

Status = PayoutBatch.Status


def last_step(batch):
    record = batch.history.first()
    return record.status, record.history_user, record.history_change_reason


def test_submitter_recalls_the_submission_with_a_reason():
    finance = make_user()
    batch = make_batch(Status.SUBMITTED, submitter=finance)
    batch = recall_batch(batch=batch, by=finance, reason="A hold is missing")
    assert (batch.status, batch.digest, batch.submitted_by) == ("draft", "", None)
    assert last_step(batch) == ("draft", finance, "Recalled: A hold is missing")
    steps.submit_batch(batch=batch, by=finance, at=AT)  # nobody asked for anything


@pytest.mark.thorough
def test_first_approval_of_two_is_void_after_a_recall(settings):
    settings.SECOND_APPROVAL_ABOVE = 1
    finance = make_user()
    batch = make_batch(Status.SUBMITTED, submitter=finance)
    approve_once = {"batch": batch, "by": make_user(), "at": AT}
    answers = {flag.code: "Looked at." for flag in steps.find_flags(batch)}
    batch = steps.approve_batch(**approve_once, acknowledgements=answers)
    assert batch.approved_by
    batch = recall_batch(batch=batch, by=finance, reason="A hold is missing")
    assert (batch.approved_by, batch.approved_at) == (None, None)


@pytest.mark.thorough
def test_nobody_else_recalls_a_submission():
    batch = make_batch(Status.SUBMITTED)
    with pytest.raises(FourEyesViolation, match="Only whoever submitted a batch recalls it"):
        recall_batch(batch=batch, by=make_user(), reason="A hold is missing")
    batch.refresh_from_db()
    assert batch.status == Status.SUBMITTED


@pytest.mark.parametrize("reason", ["", " ", "."])
def test_recall_says_why(reason):
    finance = make_user()
    batch = make_batch(Status.SUBMITTED, submitter=finance)
    with pytest.raises(ReasonRequired):
        recall_batch(batch=batch, by=finance, reason=reason)


@pytest.mark.thorough
def test_approved_batch_is_recalled_no_more():
    finance = make_user()
    batch = approve(make_batch(Status.SUBMITTED, submitter=finance), at=AT)
    with pytest.raises(WrongStatus, match="only a batch that is submitted can be recalled"):
        recall_batch(batch=batch, by=finance, reason="Too late")


@pytest.mark.thorough
@pytest.mark.parametrize("answer", ["", "."])
def test_returned_batch_is_submitted_again_only_with_an_answer(answer):
    batch = make_batch(Status.SUBMITTED)
    batch = steps.return_batch(batch=batch, by=make_user(), reason="Check Ada")
    with pytest.raises(ReasonRequired, match="Answer what the approver asked for"):
        steps.submit_batch(batch=batch, by=make_user(), answer=answer, at=AT)
    finance = make_user()
    batch = steps.submit_batch(batch=batch, by=finance, answer="Ada is right", at=AT)
    assert last_step(batch) == ("submitted", finance, "Submitted. Answer: Ada is right")


@pytest.mark.thorough
@pytest.mark.any_database
def test_page_shows_who_asked_what_and_the_dialog_asks_for_the_answer(client, sign_in):
    approver = make_user(first_name="Ines", last_name="Invented")
    finance = sign_in("Finance")
    batch = make_batch(Status.SUBMITTED, submitter=finance)
    steps.return_batch(batch=batch, by=approver, reason="Check Ada")
    page = client.get(url_of(batch)).text
    assert "Ines Invented returned this batch" in page
    assert "Ines Invented asked: Check Ada" in client.get(url_of(batch, "submit")).text
    refused = press(client, batch, "submit", reason=".")
    batch.refresh_from_db()
    assert (batch.status, "Answer what" in refused.text) == (Status.DRAFT, True)
    press(client, batch, "submit", reason="Ada is right")
    assert "Submitted. Answer: Ada is right" in client.get(url_of(batch)).text


@pytest.mark.thorough
@pytest.mark.any_database
def test_recall_is_offered_to_the_submitter_alone(client, sign_in):
    sign_in("Finance")
    batch = make_batch(Status.SUBMITTED)
    assert url_of(batch, "recall") not in client.get(url_of(batch)).text
    press(client, batch, "recall")
    batch.refresh_from_db()
    assert batch.status == Status.SUBMITTED
    finance = sign_in("Finance")
    other = steps.return_batch(batch=batch, by=make_user(), reason="Look again")
    batch = steps.submit_batch(batch=other, by=finance, answer="Done", at=AT)
    assert url_of(batch, "recall") in client.get(url_of(batch)).text
    press(client, batch, "recall")
    batch.refresh_from_db()
    assert batch.status == Status.DRAFT
