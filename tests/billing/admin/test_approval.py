import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from backoffice.accounts.security_log import events_of
from billing.models import Acknowledgement, Adjustment, PaymentLine, PayoutBatch
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.batch_checks import find_flags
from tests.billing.batches import make_batch
from tests.billing.pages import press, url_of
from tests.factories import approve, make_count, make_user
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status


def status_of(batch):
    return PayoutBatch.objects.get(pk=batch.pk).status


# Submitting


def test_dialog_names_what_stands_in_the_way_and_goes_no_further(client, sign_in):
    batch = make_batch()
    author = batch.payments.get().author
    adjustment = Adjustment(author=author, amount=5)
    save_adjustment(adjustment=adjustment, by=make_user(), at=batch.built_at)
    steps.rebuild_batch(batch=batch, by=make_user())
    sign_in("Finance")
    for response in (client.get(url_of(batch, "submit")), press(client, batch, "submit")):
        assert "1 adjustment is without a reason" in response.text
        assert "Put it right" in response.text
    assert "Put this right first." in press(client, batch, "submit").text
    assert status_of(batch) == Status.DRAFT


# Approving


@pytest.mark.thorough
def test_dialog_shows_the_digest_the_flags_and_who_submitted(client, sign_in):
    batch = make_batch(Status.SUBMITTED, submitter=make_user(first_name="Fina", last_name="Sample"))
    sign_in("Approvers")
    text = client.get(url_of(batch, "approve")).text
    for part in (batch.digest, "Fina Sample", "Your password"):
        assert part in text
    for flag in find_flags(batch):
        assert escape(flag.message) in text
        assert escape(flag.url) in text


@pytest.mark.thorough
def test_what_is_written_about_each_flag_is_kept(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    user = sign_in("Approvers")
    press(client, batch, "approve", flag_first_payouts="She wrote for us in print.")
    assert status_of(batch) == Status.APPROVED
    note = Acknowledgement.objects.get(flag="first_payouts")
    assert (note.text, note.by) == ("She wrote for us in print.", user)
    assert "She wrote for us in print." in client.get(url_of(batch)).text


@pytest.mark.thorough
@pytest.mark.parametrize("text", ["", "   ", ".", "– - …", "1 2 3", "x"])
def test_flag_without_an_answer_is_asked_for_again(client, sign_in, text):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    response = press(client, batch, "approve", flag_first_payouts=text)
    assert "Write your answer" in response.text
    assert response.context["form"]["flag_first_payouts"].value() == text  # it stays
    assert "Nothing was approved" in response.text
    assert status_of(batch) == Status.SUBMITTED


@pytest.mark.thorough
@pytest.mark.parametrize("password", ["", "Secret", "secret "])
def test_wrong_password_approves_nothing_and_keeps_what_was_typed(client, sign_in, password):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    response = press(client, batch, "approve", password=password, flag_first_payouts="I know her.")
    assert "HX-Redirect" not in response
    assert "password" in response.context["form"].errors
    assert "I know her." in response.text
    if password:
        assert f'value="{password}"' not in response.text
    assert status_of(batch) == Status.SUBMITTED
    assert not Acknowledgement.objects.exists()


@pytest.mark.thorough
def test_account_without_a_password_is_told_that_it_cannot_sign(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    user = sign_in("Approvers")
    user.set_unusable_password()
    with events_of(timezone.now() - dt.timedelta(days=30)):
        user.save()
    client.force_login(user)
    assert "your account has none" in client.get(url_of(batch, "approve")).text
    assert "your account has none" in press(client, batch, "approve").text
    assert status_of(batch) == Status.SUBMITTED


@pytest.mark.thorough
def test_superuser_is_bound_by_four_eyes(client, sign_in):
    user = sign_in("Superusers")
    batch = make_batch(Status.SUBMITTED, submitter=user)
    for response in (client.get(url_of(batch, "approve")), press(client, batch, "approve")):
        assert "You submitted this batch." in response.text
        assert "Your password" not in response.text
    assert status_of(batch) == Status.SUBMITTED


@pytest.mark.thorough
def test_approval_is_refused_where_the_dialog_showed_other_figures(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    seen = client.get(url_of(batch, "approve")).context["form"].fields["seen"].initial
    steps.return_batch(batch=batch, by=make_user(), reason="a test")
    make_count(PaymentLine.objects.get().blog, 500, dt.date(2026, 10, 20))
    steps.rebuild_batch(batch=batch, by=make_user())
    steps.submit_batch(batch=batch, by=make_user(), answer="Done")
    assert "changed this batch" in shown(press(client, batch, "approve", seen=seen))[0]
    assert status_of(batch) == Status.SUBMITTED


def test_batch_that_is_submitted_while_the_dialog_is_posted_is_not_approved_unsigned(
    client, sign_in, monkeypatch
):
    """The dialog asks for no password where there is nothing to sign. Meanwhile there may be."""
    batch = make_batch()
    sign_in("Approvers")
    approve_batch = steps.approve_batch

    def approve_after_waiting_for_the_lock(**values):
        steps.submit_batch(batch=batch, by=make_user())
        return approve_batch(**values)

    monkeypatch.setattr(steps, "approve_batch", approve_after_waiting_for_the_lock)
    monkeypatch.setattr(steps, "find_flags", lambda batch: [])
    press(client, batch, "approve", password="")
    assert status_of(batch) != Status.APPROVED


@pytest.mark.thorough
def test_dialog_that_shows_the_figures_as_they_are_approves(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    sign_in("Approvers")
    seen = client.get(url_of(batch, "approve")).context["form"].fields["seen"].initial
    press(client, batch, "approve", seen=seen)
    assert status_of(batch) == Status.APPROVED


# Two approvers


@pytest.fixture
def large_batch(settings):
    settings.SECOND_APPROVAL_ABOVE = 5
    return make_batch(Status.SUBMITTED)


@pytest.mark.thorough
def test_first_of_two_approvers_is_told_that_a_second_has_to_sign(client, sign_in, large_batch):
    user = sign_in("Approvers", first_name="April", last_name="Hand")
    assert "a second approver has to sign too" in client.get(url_of(large_batch, "approve")).text
    assert "Waiting for two approvers." in client.get(url_of(large_batch)).context["next_step"]
    response = press(client, large_batch, "approve")
    assert "A second approver has to sign it too" in shown(response)[0]
    page = client.get(url_of(large_batch))
    assert page.context["next_step"].startswith("You have approved this batch already.")
    assert [(each.role, each.by) for each in page.context["statement"].signatures][1:] == [
        ("Approved", user),
        ("Approved, as the second", None),
    ]
    assert "You have approved this batch already." in press(client, large_batch, "approve").text
    assert status_of(large_batch) == Status.SUBMITTED


@pytest.mark.thorough
def test_second_approver_completes_the_signatures(client, sign_in, large_batch):
    approve(large_batch, by=make_user(first_name="April", last_name="Hand"))
    sign_in("Approvers")
    assert (
        client.get(url_of(large_batch))
        .context["next_step"]
        .startswith("April Hand has approved it. It needs a second approver. Check the payments")
    )
    text = client.get(url_of(large_batch, "approve")).text
    assert "April Hand has signed; this is the second signature of two" in text
    press(client, large_batch, "approve")
    assert status_of(large_batch) == Status.APPROVED


@pytest.mark.thorough
def test_wrong_passwords_at_signing_lock_the_account_and_keep_what_was_typed(client, sign_in):
    batch = make_batch(Status.SUBMITTED)
    user = sign_in("Approvers")
    answer = {"flag_first_payouts": "I know her."}
    for _ in range(5):
        response = press(client, batch, "approve", password="Secret", **answer)
    assert "This is not your password." in response.text
    response = press(client, batch, "approve", **answer)
    assert response.status_code == 200
    assert "Try again in 15 minutes" in response.text
    assert "I know her." in response.text
    assert status_of(batch) == Status.SUBMITTED
    client.logout()
    credentials = {"username": user.username, "password": "secret"}
    assert client.post(reverse("admin:login"), credentials).status_code == 429
