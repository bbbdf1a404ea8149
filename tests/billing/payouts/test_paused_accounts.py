"""Nobody signs while somebody else has just changed their account."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, transaction
from django.urls import reverse

from backoffice.accounts.security_log import events_of, record_event
from backoffice.models import SecurityEvent
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.errors import FourEyesViolation
from billing.models import PaymentResult, PayoutBatch, Seal
from billing.payouts import steps
from tests.billing.batches import AT, make_batch, make_exported_batch
from tests.factories import approve, make_groups, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

Kind = SecurityEvent.Kind
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def april():
    return make_user("april", first_name="April", groups=[])


@pytest.fixture
def ines():
    return make_user("ines", first_name="Ines", is_superuser=True)


def touch(user, *, by, kind=Kind.PASSWORD_CHANGED, hours_ago=1, **values):
    with events_of(AT - hours_ago * HOUR):
        return record_event(kind, about=user, by=by, **values)


def sign(step, user):
    """Take the step as `user`, on a batch in the state before it."""
    if step == "approve":
        return approve(make_batch("submitted"), by=user, at=AT)
    if step == "submit":
        return steps.submit_batch(batch=make_batch(), by=user, at=AT)
    batch = make_batch("approved")
    export_payments(batch=batch, at=AT)
    results = {batch.payments.get().pk: ("paid", "")}
    return record_results(batch=batch, results=results, by=user, at=AT)


STEPS = ["submit", "approve", "record results"]


@pytest.mark.parametrize("step", STEPS)
def test_nobody_signs_while_another_has_just_changed_their_account(april, ines, step):
    touch(april, by=ines)
    with pytest.raises(FourEyesViolation) as refusal:
        sign(step, april)
    text = str(refusal.value)
    assert "Password changed on 22 Nov 2026 by Ines" in text
    assert "until 25 Nov 2026, 12:00" in text
    assert not PayoutBatch.objects.filter(submitted_by=april).exists()
    assert not PaymentResult.objects.exists()


@pytest.mark.parametrize("step", STEPS)
def test_one_signs_again_after_72_hours(april, ines, step):
    touch(april, by=ines, hours_ago=72)
    sign(step, april)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "kind",
    [
        Kind.PASSWORD_CHANGED, Kind.EMAIL_CHANGED, Kind.FACTOR_ADDED, Kind.FACTOR_REMOVED,
        Kind.GROUP_GIVEN, Kind.GROUP_TAKEN, Kind.PERMISSION_GIVEN, Kind.SUPERUSER_GIVEN,
        Kind.ACTIVATED, Kind.USERNAME_CHANGED,
    ],
)  # fmt: skip
@pytest.mark.parametrize("by", ["another", "the machine"])
@pytest.mark.any_database
def test_whatever_hands_an_account_over_pauses_it(april, ines, kind, by):
    touch(april, by=ines if by == "another" else None, kind=kind, hours_ago=71)
    with pytest.raises(FourEyesViolation):
        sign("approve", april)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [Kind.PASSWORD_CHANGED, Kind.EMAIL_CHANGED, Kind.FACTOR_ADDED])
@pytest.mark.any_database
def test_own_change_pauses_nobody(april, kind):
    touch(april, by=april, kind=kind)
    sign("approve", april)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [Kind.SIGN_IN_FAILED, Kind.LOCKED, Kind.SESSIONS_ENDED])
@pytest.mark.any_database
def test_what_hands_nothing_over_pauses_nobody(april, ines, kind):
    touch(april, by=ines, kind=kind)
    sign("approve", april)


@pytest.mark.thorough
@pytest.mark.any_database
def test_change_of_another_account_pauses_nobody(april, ines):
    touch(make_user(), by=ines)
    sign("approve", april)


@pytest.mark.thorough
def test_right_given_past_the_two_never_signs_until_it_is_taken_away(april, ines):
    touch(april, by=None, kind=Kind.GROUP_GIVEN, detail="Approvers", is_outside=True, hours_ago=999)
    batch = make_batch("submitted")
    with pytest.raises(FourEyesViolation, match="without a second administrator"):
        approve(batch, by=april, at=AT)
    touch(april, by=ines, kind=Kind.GROUP_TAKEN, detail="Approvers", hours_ago=998)
    approve(batch, by=april, at=AT)


@pytest.mark.thorough
@pytest.mark.any_database
def test_pause_is_a_setting(april, ines, settings):
    settings.SIGNING_PAUSE_HOURS = 0
    touch(april, by=ines)
    sign("approve", april)


@pytest.mark.any_database
def test_what_is_paused_stays_so_when_the_setting_changes(april, ines, settings):
    touch(april, by=ines)
    settings.SIGNING_PAUSE_HOURS = 0
    with pytest.raises(FourEyesViolation):
        sign("approve", april)


# From the page of a user to that of a batch


@pytest.mark.thorough
@pytest.mark.any_database
def test_approver_who_was_just_given_the_role_reads_why_they_wait(client, april, ines):
    make_groups("10_groups.json", "30_billing_groups.json")
    batch = make_batch("submitted")
    with events_of(dt.datetime.now(dt.UTC) - HOUR):
        april.groups.add(Group.objects.get(name="Approvers"))
    client.force_login(User.objects.get(pk=april.pk))
    page = client.get(reverse("admin:billing_payoutbatch_change", args=[batch.pk])).text
    assert "Role given (Approvers)" in page
    assert "you sign nothing" in page


@pytest.mark.any_database
def test_evidence_tells_how_rights_were_given(client, april, ines, settings):
    make_groups("10_groups.json", "30_billing_groups.json")
    make_user(is_superuser=True)
    client.force_login(make_user("audrey", groups=["Auditors"]))
    url = reverse("admin:billing_views_explained_changelist")
    page = client.get(url).text
    assert "Who let whom in" in page
    assert "SINGLE_ADMINISTRATOR" not in page
    assert "without a second administrator" not in page
    april.groups.add(Group.objects.get(name="Approvers"))
    settings.SINGLE_ADMINISTRATOR = True
    page = client.get(url).text
    assert "settings say that there is only one" in page
    assert "<strong>April</strong> was given a right without a second administrator" in page


@pytest.mark.any_database
def test_evidence_names_a_role_that_grew_on_the_machine(client, april):
    make_groups("10_groups.json", "30_billing_groups.json")
    client.force_login(make_user("audrey", groups=["Auditors"]))
    desk = Group.objects.create(name="Desk")
    april.groups.add(desk)
    desk.permissions.add(Permission.objects.get(codename="approve_payoutbatch"))
    page = client.get(reverse("admin:billing_views_explained_changelist")).text
    assert "A role was changed without a second administrator" in page
    assert "Desk: given Can approve" in page


# What the database itself refuses


def test_database_refuses_a_paused_approver(april, ines):
    batch = make_batch("submitted")
    touch(april, by=ines)
    rows = PayoutBatch.objects.filter(pk=batch.pk)
    values = {"status": "approved", "approved_by": april}
    with pytest.raises(IntegrityError, match="billing: nobody signs"), transaction.atomic():
        rows.update(**values, approved_at=AT)
    rows.update(**values, approved_at=AT + 72 * HOUR)


def test_database_refuses_a_paused_second_approver(april, ines):
    batch = make_batch("submitted")
    touch(april, by=ines)
    rows = PayoutBatch.objects.filter(pk=batch.pk)
    rows.update(approved_by=make_user(), approved_at=AT)
    values = {"status": "approved", "second_approved_by": april, "second_approved_at": AT}
    with pytest.raises(IntegrityError, match="billing: nobody signs"), transaction.atomic():
        rows.update(**values)


def test_database_refuses_a_paused_submitter(april, ines):
    batch = make_batch()
    touch(april, by=ines)
    values = {"status": "submitted", "submitted_by": april, "submitted_at": AT, "digest": "0" * 64}
    with pytest.raises(IntegrityError, match="billing: nobody signs"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(**values)


@pytest.mark.thorough
def test_database_refuses_results_of_a_paused_account(april, ines):
    payment = make_exported_batch().payments.first()
    touch(april, by=ines)
    seal = Seal.objects.filter(batch=payment.batch).last()
    result = PaymentResult(
        payment=payment, outcome="failed", reason="Closed", by=april, at=AT, seal=seal
    )
    with pytest.raises(IntegrityError, match="billing: nobody signs"), transaction.atomic():
        PaymentResult.objects.bulk_create([result])
