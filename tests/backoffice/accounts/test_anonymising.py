import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from tablib import Dataset

from backoffice.accounts import duties
from backoffice.accounts.anonymising import AnonymisingRefused, anonymise_account
from backoffice.accounts.duties import Duty
from backoffice.accounts.two_people import AccessRefused, propose_access
from backoffice.models import AccessRequest, AccountSession, MailChoice, SavedFilter, SecurityEvent
from backoffice.resources import UserResource
from tests.factories import make_blog, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


@pytest.fixture
def tyra():
    names = {"first_name": "Tyra", "last_name": "Quillfeather"}
    return make_user("tyra.q", email="tyra.q@example.org", is_active=False, **names)


@pytest.fixture
def ines():
    return make_user("ines", is_superuser=True)


@pytest.fixture
def duty(monkeypatch):
    """The duty that an app reports for every account."""
    said = []
    monkeypatch.setitem(duties._finders, "test", lambda user: said)
    return said


def anonymise(user, by, reason="Asked for by letter.", **values):
    return anonymise_account(user=user, by=by, reason=reason, **values)


def everything():
    """Return all values of all tables as one text."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return "\n".join(str(list(model._base_manager.values_list())) for model in models)


def test_no_table_knows_the_person_afterwards(tyra, ines, client):
    tyra.email = "quillfeather@example.net"
    tyra.save()
    tyra.groups.add(Group.objects.create(name="Bakers"))
    MailChoice.objects.create(person=tyra, kind="weblog.review", how="off")
    SavedFilter.objects.create(person=tyra, list_name="weblog_blog", name="Mine", query="q=tyra")
    Authenticator.objects.create(user=tyra, type="totp", data={"secret": "x"})
    AccessAttempt.objects.create(username="tyra.q", ip_address="192.0.2.9", failures_since_start=5)
    LogEntry.objects.log_actions(ines.pk, [tyra], 2)
    LogEntry.objects.log_actions(ines.pk, [ines], 2, "Released tyra.q: they rang")
    AccessRequest.objects.create(
        kind="email", about=tyra, email="tyra.q@example.com", reason="Asked", asked_by=ines,
        asked_at=AT,
    )  # fmt: skip
    AccessRequest.objects.update(outcome="refused", decided_by=ines, decided_at=AT)
    SecurityEvent.objects.create(at=AT, kind="signed_in", about=tyra, by=tyra, address="192.0.2.9")
    client.force_login(tyra)
    assert "tyra.q" in everything()
    user = anonymise(tyra, ines)
    assert (user.username, user.get_full_name()) == (
        f"former-{tyra.pk}",
        f"Former colleague {tyra.pk}",
    )
    kept = everything()
    for trace in ("tyra", "Tyra", "uillfeather", "192.0.2.9"):
        assert trace not in kept
    assert not user.has_usable_password()
    assert not user.groups.exists()
    assert not Authenticator.objects.filter(user=user).exists()
    assert not AccountSession.objects.filter(user=user).exists()
    assert not MailChoice.objects.filter(person=user).exists()
    assert not SavedFilter.objects.filter(person=user).exists()


def test_who_proposed_others_rights_is_a_number_in_their_histories(tyra, ines):
    other = make_user("otto")
    other._change_reason = "Proposed by tyra.q: joins the house"
    other.save()
    anonymise(tyra, ines)
    reason = other.history.first().history_change_reason
    assert reason == f"Proposed by former-{tyra.pk}: joins the house"


def test_the_event_holds_the_number_and_the_reason_and_nobody_is_mailed(
    tyra, ines, django_capture_on_commit_callbacks
):
    tyra.groups.add(Group.objects.create(name="Bakers"))
    with django_capture_on_commit_callbacks(execute=True):
        anonymise(tyra, ines)
    event = SecurityEvent.objects.get(kind="anonymised")
    assert (event.about_id, event.by, event.detail) == (tyra.pk, ines, "Asked for by letter.")
    assert mail.outbox == []


def test_change_is_in_the_history_of_the_account(tyra, ines):
    user = anonymise(tyra, ines)
    reasons = user.history.values_list("history_change_reason", "history_user")
    assert ("Anonymised", ines.pk) in reasons


def test_blogs_stay_and_show_readers_the_pseudonym(tyra, ines, client):
    blog = make_blog(author=tyra)
    anonymise(tyra, ines)
    page = client.get(blog.get_absolute_url()).content.decode()
    assert f"Former colleague {tyra.pk}" in page
    assert "Quillfeather" not in page


def test_name_that_readers_know_stays_where_it_is_asked_for(tyra, ines):
    user = anonymise(tyra, ines, keep_name=True)
    assert (user.username, user.email) == (f"former-{tyra.pk}", "")
    assert user.get_full_name() == "Tyra Quillfeather"
    assert SecurityEvent.objects.get(kind="anonymised").detail.startswith("The name stays. ")


def test_username_that_somebody_else_has_is_passed_by(tyra, ines):
    make_user(f"former-{tyra.pk}")
    assert anonymise(tyra, ines).username == f"former-{tyra.pk}-2"


def refuse(user, by, words, **values):
    before = everything()
    with pytest.raises(AnonymisingRefused, match=words):
        anonymise(user, by, **values)
    assert everything() == before


def test_active_account_is_refused(ines):
    refuse(make_user(), ines, "active: take away Active first")


def test_ones_own_is_refused(ines):
    refuse(ines, ines, "their own account")


def test_whoever_is_no_superuser_is_refused(tyra):
    refuse(tyra, make_user(), "Only superusers")


def test_right_over_accounts_has_to_be_taken_away_first(ines):
    refuse(make_user(is_superuser=True, is_active=False), ines, "rights over money or accounts")


def test_waiting_request_has_to_be_decided_first(tyra, ines):
    AccessRequest.objects.create(
        kind="superuser", about=tyra, reason="Asked", asked_by=ines, asked_at=AT
    )
    refuse(tyra, ines, "waits: decide it first")


@pytest.mark.thorough
def test_second_time_is_refused(tyra, ines):
    anonymise(tyra, ines)
    refuse(tyra, ines, "anonymised already")


@pytest.mark.parametrize("reason", ["", "  ", ".", "x"])
def test_reason_is_needed(reason, tyra, ines):
    refuse(tyra, ines, "Say why", reason=reason)


@pytest.mark.parametrize("reason", ["quillfeather wrote", "For TYRA.Q", "tyra.q@example.org asks"])
def test_reason_does_not_name_the_person(reason, tyra, ines):
    refuse(tyra, ines, "Leave the name out", reason=reason)


def test_duty_lasts_to_the_end_of_the_last_year_and_says_until_when(tyra, ines, duty, settings):
    settings.ACCOUNT_KEEP_YEARS = 10
    duty.append(Duty("Their last payment", dt.date(2016, 2, 29)))
    last_moment = dt.datetime(2026, 12, 31, 12, tzinfo=dt.UTC)
    words = "Their last payment, of 29 Feb 2016, keeps the name until 31 Dec 2026."
    refuse(tyra, ines, words, at=last_moment)
    anonymise(tyra, ines, at=last_moment + dt.timedelta(days=1))


def test_last_decision_on_access_is_a_duty(tyra, ines):
    request = AccessRequest.objects.create(
        kind="superuser", about=make_user(), reason="Asked", asked_by=tyra, asked_at=AT
    )
    AccessRequest.objects.filter(pk=request.pk).update(
        outcome="refused", decided_by=ines, decided_at=AT
    )
    refuse(tyra, ines, "Their last decision on access, of 27 Nov 2026", at=AT)


def test_failure_of_an_app_leaves_everything_as_it_was(tyra, ines, monkeypatch):
    before = everything()
    monkeypatch.setattr("backoffice.accounts.anonymising.end_sessions", lambda user: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        anonymise(tyra, ines)
    assert everything() == before


def test_request_forgets_its_address_once_decided_and_nothing_else(tyra, ines):
    request = AccessRequest.objects.create(
        kind="email",
        about=tyra,
        email="x@example.org",
        reason="Asked",
        asked_by=ines,
        asked_at=AT,
    )
    rows = AccessRequest.objects.filter(pk=request.pk)

    def is_refused(**values):
        try:
            with transaction.atomic():
                rows.update(**values)
        except IntegrityError:
            return True
        return False

    assert is_refused(email="")
    rows.update(outcome="refused", decided_by=ines, decided_at=AT)
    assert is_refused(email="y@example.org")
    assert is_refused(email="", reason="Other")
    assert not is_refused(email="")
    assert rows.get().what == "an e-mail address"


@pytest.fixture
def post(client, ines, tyra):
    client.force_login(ines)

    def post(**values):
        values = {
            "_form_submitted": "True",
            "username": "tyra.q",
            "name": "replace",
            "reason": "Asked.",
        } | values
        return client.post(reverse("admin:auth_user_anonymise", args=[tyra.pk]), values)

    return post


def test_administrator_anonymises_by_the_dialog(post, tyra):
    response = post()
    assert response.headers["HX-Redirect"] == reverse("admin:auth_user_change", args=[tyra.pk])
    assert User.objects.get(pk=tyra.pk).username == f"former-{tyra.pk}"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"username": "tyra"}, "This is not the username of the account."),
        ({"reason": ""}, "Say why: the reason is kept."),
        ({"reason": "For Quillfeather."}, "Leave the name out of the reason"),
    ],
)
def test_dialog_keeps_what_was_typed_and_says_why(values, words, post, tyra):
    assert words in post(**values).content.decode()
    assert User.objects.get(pk=tyra.pk).username == "tyra.q"


def test_dialog_says_until_when_before_anything_is_typed(post, client, tyra, duty):
    duty.append(Duty("Their last payment", timezone.localdate()))
    url = reverse("admin:auth_user_anonymise", args=[tyra.pk])
    assert "keeps the name until" in client.get(url).content.decode()
    assert "keeps the name until" in post().content.decode()
    assert User.objects.get(pk=tyra.pk).username == "tyra.q"


# What was anonymised stays so


@pytest.mark.parametrize(
    "change",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=True),
        lambda user: User.objects.filter(pk=user.pk).update(username="tyra.q"),
        lambda user: User.objects.filter(pk=user.pk).update(email="tyra.q@example.org"),
        lambda user: User.objects.filter(pk=user.pk).update(password="x"),
        lambda user: user.groups.add(Group.objects.get(name="Bakers")),
        lambda user: user.user_permissions.add(1),
    ],
)
def test_database_refuses_to_give_a_pseudonym_anything(change, tyra, ines):
    Group.objects.create(name="Bakers")
    user = anonymise(tyra, ines)
    with pytest.raises(IntegrityError, match="anonymised"), transaction.atomic():
        change(user)


def test_another_account_is_changed_as_before(tyra, ines):
    anonymise(tyra, ines)
    User.objects.filter(pk=ines.pk).update(email="ines@example.org")


@pytest.mark.thorough
def test_page_of_a_pseudonym_is_for_reading(tyra, ines, client):
    user = anonymise(tyra, ines)
    client.force_login(ines)
    url = reverse("admin:auth_user_change", args=[user.pk])
    values = {"username": "tyra.q", "is_active": "on", "is_staff": "on"}
    assert client.post(url, values).status_code == 403
    page = client.get(url).content.decode()
    assert 'name="_save"' not in page
    for name in ("anonymise", "let_in"):
        assert reverse(f"admin:auth_user_{name}", args=[user.pk]) not in page
    password = reverse("admin:auth_user_password_change", args=[user.pk])
    given = {"usable_password": "true"} | dict.fromkeys(["password1", "password2"], "four odd 42")
    assert client.post(password, given).status_code == 403
    assert not User.objects.get(pk=user.pk).has_usable_password()


def test_import_changes_no_pseudonym(tyra, ines):
    user = anonymise(tyra, ines)
    table = Dataset(
        [user.username, "1", "new@example.org"], headers=["username", "active", "email"]
    )
    result = UserResource(user=ines).import_data(table)
    assert "was anonymised" in str(result.invalid_rows[0].error)
    assert not User.objects.get(pk=user.pk).is_active


@pytest.mark.parametrize("kind", ["activation", "email", "superuser", "factors"])
def test_nothing_is_proposed_for_a_pseudonym(kind, tyra, ines):
    user = anonymise(tyra, ines)
    with pytest.raises(AccessRefused, match="was anonymised"):
        propose_access(kind=kind, about=user, by=ines, reason="Back", email="new@example.org")


def test_other_administrators_are_told(tyra, ines, django_capture_on_commit_callbacks):
    make_user("otto", is_superuser=True, email="otto@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        anonymise(tyra, ines)
    (message,) = mail.outbox
    assert message.to == ["otto@example.org"]
    assert "ines" in message.body
    assert f"former-{tyra.pk}" in message.body
    assert "uillfeather" not in message.body
