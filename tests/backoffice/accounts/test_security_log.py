import datetime as dt
import io
import json
import logging
import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from tablib import Dataset

from backoffice.accounts.guards import GUARDS
from backoffice.accounts.pauses import explain_pauses
from backoffice.accounts.reset import wait_for_mails
from backoffice.accounts.security_log import forget_addresses
from backoffice.accounts.throttle import release_lock
from backoffice.checks import check_guards
from backoffice.jobs import run_job
from backoffice.models import SecurityEvent
from backoffice.resources import UserResource
from tests.backoffice.accounts.signing_in import give_app
from tests.factories import FIREFOX, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
any_database = pytest.mark.any_database

User = get_user_model()
PASSWORD = "a long enough 42"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1"


@pytest.fixture
def edda():
    return make_user("edda", first_name="Edda", email="edda@example.org")


@pytest.fixture
def ines(client):
    user = make_user("ines", is_superuser=True, email="ines@example.org")
    client.force_login(user)
    return user


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """Run something as if it were committed, and return the subjects of its mails."""

    def told(action):
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            action()
        return [message.subject.removeprefix("Imprint: ") for message in mail.outbox]

    return told


def events_of(user):
    """(kind, by, detail) of all that happened to the account since it was added."""
    events = SecurityEvent.objects.filter(about=user).exclude(kind="account_added").order_by("pk")
    return [(event.kind, event.by, event.detail) for event in events]


def post_login(client, user_agent=FIREFOX, **values):
    headers = {"user-agent": user_agent}
    return client.post(reverse("admin:login"), values, headers=headers, REMOTE_ADDR="192.0.2.7")


# Signing in and out


@any_database
def test_sign_in_and_out_are_logged(client, edda):
    post_login(client, username="edda", password="secret")
    client.post(reverse("admin:logout"))
    assert events_of(edda) == [("signed_in", edda, ""), ("signed_out", edda, "")]
    event = SecurityEvent.objects.get(kind="signed_in")
    assert (event.address, event.device) == ("192.0.2.7", "Firefox on Linux")


@any_database
def test_failure_is_logged_about_the_account_that_was_tried(client, edda):
    post_login(client, username="edda", password="wrong")
    assert events_of(edda) == [("sign_in_failed", None, "")]


@any_database
@pytest.mark.parametrize("typed", ["my-own-password", "ed\0da", "x" * 300])
def test_what_was_typed_for_a_name_is_not_kept(client, typed):
    post_login(client, username=typed, password="wrong")
    assert not SecurityEvent.objects.exclude(about=None).exists()
    assert "my-own-password" not in str(list(SecurityEvent.objects.values()))


@any_database
@pytest.mark.parametrize(("address", "kept"), [("2001:db8::1", "2001:db8::1"), ("unix:", None)])
def test_address_is_kept_where_it_is_one(client, edda, address, kept):
    values = {"username": "edda", "password": "secret"}
    client.post(reverse("admin:login"), values, REMOTE_ADDR=address)
    assert SecurityEvent.objects.get(kind="signed_in").address == kept


@any_database
def test_usual_sign_in_sends_no_mail_and_a_new_device_does(client, edda, told):
    def sign_in(user_agent=FIREFOX):
        return lambda: post_login(client, user_agent, username="edda", password="secret")

    assert told(sign_in()) == []
    assert told(sign_in()) == []
    assert told(sign_in(IPHONE)) == ["A sign-in with a new device: Safari on an iPhone"]
    assert told(sign_in(IPHONE)) == []


@any_database
def test_sign_in_after_failures_is_told(client, edda, told):
    told(lambda: post_login(client, username="edda", password="secret"))
    for _ in range(2):
        post_login(client, username="edda", password="wrong")
    subjects = told(lambda: post_login(client, username="edda", password="secret"))
    assert subjects == ["A sign-in after 2 attempts that failed"]


@any_database
def test_lock_is_logged_and_told_once_and_its_release_too(client, edda, told, settings):
    def fail():
        for _ in range(settings.AXES_FAILURE_LIMIT + 3):
            post_login(client, username="edda", password="wrong")

    assert told(fail) == ["Your account is locked for a while"]
    kinds = [kind for kind, _, _ in events_of(edda)]
    assert kinds == ["sign_in_failed"] * (settings.AXES_FAILURE_LIMIT - 1) + ["locked"]
    by = make_user()
    release = {"username": "edda", "by": by, "reason": "It was her."}
    assert told(lambda: release_lock(**release)) == ["Your account is unlocked"]
    assert events_of(edda)[-1] == ("lock_released", by, "It was her.")
    post_login(client, username="edda", password="wrong")
    assert events_of(edda)[-1][0] == "sign_in_failed"


# Every door by which an account changes


def change(**values):
    def save(user):
        for name, value in values.items():
            setattr(user, name, value)
        user.save()

    return save


def set_password(user):
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def clear_groups(user):
    user.groups.add(Group.objects.create(name="Editors"))
    user.groups.clear()


def give_permission(user):
    user.user_permissions.set([Permission.objects.get(codename="view_user")])


@any_database
@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        (change(is_active=False), ["deactivated"]),
        (change(is_superuser=True), ["superuser_given"]),
        (change(is_staff=False), ["staff_taken"]),
        (change(username="else"), ["username_changed"]),
        (change(email="x@example.org", is_superuser=True), ["email_changed", "superuser_given"]),
        (change(first_name="Edith"), []),
        (set_password, ["password_changed"]),
        (lambda user: user.save(), []),
        (clear_groups, ["group_given", "group_taken"]),
        (give_permission, ["permission_given"]),
        (lambda user: Group.objects.create(name="E").user_set.add(user), ["group_given"]),
    ],
)
def test_change_by_the_shell_is_logged(edda, action, kinds):
    action(edda)
    assert [kind for kind, _, _ in events_of(edda)] == kinds
    assert {by for _, by, _ in events_of(edda)} <= {None}


@pytest.mark.thorough
@any_database
def test_sign_in_that_renews_the_hash_is_no_change_of_password(client, edda):
    hashers = ["ScryptPasswordHasher", "MD5PasswordHasher"]
    hashers = [f"django.contrib.auth.hashers.{name}" for name in hashers]
    with override_settings(PASSWORD_HASHERS=hashers):
        assert client.login(request=HttpRequest(), username="edda", password="secret")
    assert [kind for kind, _, _ in events_of(edda)] == ["signed_in"]


@any_database
def test_change_by_the_form_is_logged_with_who_did_it(client, ines, edda):
    group = Group.objects.create(name="Editors")
    values = {"username": "edda", "email": "new@example.org", "is_active": "on"}
    values |= {"groups": [group.pk]}
    assert client.post(reverse("admin:auth_user_change", args=[edda.pk]), values).status_code == 302
    assert events_of(edda) == [
        ("email_changed", ines, ""),
        ("staff_taken", ines, ""),
        ("group_given", ines, "Editors"),
    ]


@any_database
def test_password_set_by_another_is_logged_with_who_did_it(client, ines, edda):
    values = {"usable_password": "true", "set-password": "1"}
    values |= {"password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("admin:auth_user_password_change", args=[edda.pk]), values)
    assert events_of(edda) == [("password_changed", ines, "")]


@any_database
def test_change_by_an_import_is_logged_with_who_did_it(ines, edda):
    table = Dataset(["edda", "0", "other@example.org"], headers=["username", "active", "email"])
    UserResource(user=ines).import_data(table, raise_errors=True)
    assert events_of(edda) == [("email_changed", ines, ""), ("deactivated", ines, "")]


@any_database
def test_change_by_loaddata_is_logged(edda, tmp_path):
    group = Group.objects.create(name="Editors")
    edda.is_superuser = True
    file = tmp_path / "users.json"
    edda_row = User.objects.get(pk=edda.pk)
    edda_row.is_superuser = True
    from django.core.serializers import serialize

    text = serialize("json", [edda_row]).replace('"groups": []', f'"groups": [{group.pk}]')
    file.write_text(text)
    call_command("loaddata", file, verbosity=0)
    assert [kind for kind, _, _ in events_of(edda)] == ["superuser_given", "group_given"]


@any_database
def test_commands_of_django_are_logged(edda, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda **kwargs: PASSWORD)
    call_command("changepassword", "edda", stdout=io.StringIO())
    assert events_of(edda) == [("password_changed", None, "")]
    call_command("createsuperuser", "--noinput", username="root", email="", verbosity=0)
    assert events_of(User.objects.get(username="root")) == [("superuser_given", None, "")]


@any_database
def test_permission_of_a_role_is_logged_and_told_to_each_member(client, ines, edda, told):
    group = Group.objects.create(name="Editors")
    edda.groups.add(group)
    permission = Permission.objects.get(codename="view_user")
    url = reverse("admin:auth_group_change", args=[group.pk])
    values = {"name": "Editors", "permissions": [permission.pk]}
    assert told(lambda: client.post(url, values)) == ["You were given a permission"]
    assert events_of(edda)[-1] == ("permission_given", ines, "Can view user (through Editors)")
    event = SecurityEvent.objects.get(kind="group_changed")
    assert event.detail == "Editors: given Can view user"


@any_database
def test_role_that_a_fixture_brings_up_to_date_is_no_ones_act(edda):
    call_command("loaddata", "10_groups", verbosity=0)
    edda.groups.add(Group.objects.get(name="Editors"))
    Group.objects.get(name="Editors").permissions.clear()
    before = len(events_of(edda))
    call_command("loaddata", "10_groups", verbosity=0)
    assert len(events_of(edda)) == before
    assert SecurityEvent.objects.filter(kind="group_changed", by=None).exists()


@any_database
def test_right_that_a_fixture_brings_to_a_role_pauses_its_members(edda, told, settings, tmp_path):
    settings.SIGNING_PAUSE_HOURS = 72
    guarded = Permission.objects.get(codename="change_user")
    group = Group.objects.create(name="Keepers")
    file = tmp_path / "groups.json"
    fields = {"name": "Keepers", "permissions": [guarded.pk]}
    file.write_text(json.dumps([{"model": "auth.group", "pk": group.pk, "fields": fields}]))
    call_command("loaddata", file, verbosity=0)
    assert explain_pauses(edda, at=timezone.now()) == []
    edda.groups.through.objects.create(user=edda, group=group)
    group.permissions.clear()
    assert "You were given a permission" in told(
        lambda: call_command("loaddata", file, verbosity=0)
    )
    (reason,) = explain_pauses(edda, at=timezone.now())
    assert "Can change user (through Keepers)" in reason
    assert "by somebody at the machine" in reason
    call_command("loaddata", file, verbosity=0)
    assert len(explain_pauses(edda, at=timezone.now())) == 1


def test_factor_is_logged_and_told(rf, edda, told):
    authenticator = Authenticator.objects.get(user=give_app(edda))
    told_of = {
        authenticator_added: ["A second factor was added to your account"],
        authenticator_removed: ["A second factor was removed from your account"],
    }
    for signal, subjects in told_of.items():
        arguments = {"request": rf.get("/"), "user": edda, "authenticator": authenticator}
        assert told(lambda: signal.send(sender=Authenticator, **arguments)) == subjects  # noqa: B023
    kinds = [kind for kind, _, _ in events_of(edda)]
    assert kinds == ["factor_added", "factor_added", "factor_removed"]  # the first by give_app


@any_database
def test_new_password_by_mail_is_the_persons_own_act(client, edda, told):
    client.post(reverse("password_reset"), {"email": edda.email})
    wait_for_mails()
    (link,) = re.findall(r"http://\S+", mail.outbox[-1].body)
    page = client.get(link.removeprefix("http://localhost:8000"), follow=True)
    values = dict.fromkeys(["new_password1", "new_password2"], "quite another 42")
    assert told(lambda: client.post(page.request["PATH_INFO"], values)) == [
        "Your password was changed"
    ]
    assert events_of(edda) == [
        ("password_reset_asked", None, ""),
        ("password_changed", edda, ""),
        ("password_reset", edda, ""),
    ]
    assert not SecurityEvent.objects.exclude(pauses_until=None).exists()


# Mails


@any_database
def test_person_is_told_what_was_done_by_whom_and_what_to_do(client, ines, edda, told):
    group = Group.objects.create(name="Editors")
    values = {"username": "edda", "first_name": "Edda", "email": edda.email}
    values |= {"is_active": "on", "is_staff": "on"}
    url = reverse("admin:auth_user_change", args=[edda.pk])
    subjects = told(lambda: client.post(url, values | {"groups": [group.pk]}))
    assert subjects == ["You were given a role"]
    (message,) = mail.outbox
    assert message.to == ["edda@example.org"]
    for words in ("Hello Edda,", "Editors", "ines", "tell an administrator", "/admin/account/"):
        assert words in message.body
    assert told(lambda: client.post(url, values)) == ["A role was taken from you"]
    assert "ask an administrator" in mail.outbox[0].body


@any_database
def test_new_address_is_told_to_the_old_one_too(edda, told):
    edda.email = "new@example.org"
    assert told(edda.save) == ["Your e-mail address was changed"] * 2
    assert [message.to for message in mail.outbox] == [
        ["edda@example.org"],
        ["new@example.org"],
    ]
    assert "@" not in str(SecurityEvent.objects.values_list("detail"))


@any_database
def test_mail_that_fails_changes_nothing(edda, told, monkeypatch, caplog):
    def fail(message, **kwargs):
        raise OSError("no way out")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    edda.is_superuser = True
    told(edda.save)
    assert events_of(edda) == [("superuser_given", None, "")]
    assert "could not be sent" in caplog.text


@any_database
def test_event_is_a_line_in_the_log_once_it_is_committed(edda, told, caplog):
    caplog.set_level(logging.INFO, "imprint.security")
    edda.is_superuser = True
    edda.save()
    assert "superuser_given" not in caplog.text
    edda.is_superuser = False
    told(edda.save)
    (record,) = [record for record in caplog.records if record.name == "imprint.security"]
    assert (record.kind, record.about, record.by) == ("superuser_taken", edda.pk, None)
    assert record.getMessage() == "Superuser status taken away"


# Sessions


@any_database
def test_ended_sessions_of_another_are_logged_and_told(client, ines, edda, told):
    from django.test import Client

    Client().force_login(edda)
    url = reverse("admin:auth_user_sessions", args=[edda.pk])
    assert told(lambda: client.post(url, {"session": "others"})) == ["You were signed out"]
    assert events_of(edda)[-1] == ("sessions_ended", ines, "1 of them")


# What is added stays


@pytest.fixture
def event(edda):
    return SecurityEvent.objects.create(
        kind="signed_in", at=timezone.now(), about=edda, by=edda, address="192.0.2.7"
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda events: events.delete(),
        lambda events: events.update(kind="signed_out"),
        lambda events: events.update(by=None),
        lambda events: events.update(pauses_until=timezone.now()),
        lambda events: events.update(address="192.0.2.8"),
        lambda events: events.update(address=None, device="Another"),
    ],
)
def test_database_refuses_to_change_the_log(event, act):
    events = SecurityEvent.objects.filter(pk=event.pk)
    with pytest.raises(IntegrityError, match="backoffice: security events"), transaction.atomic():
        act(events)
    assert events.get().address == "192.0.2.7"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows nothing of the kind.")
def test_database_refuses_to_empty_the_log(event):
    connection.check_constraints()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE backoffice_securityevent CASCADE")


def test_missing_guard_of_the_log_is_told():
    assert check_guards(None, databases=["default"]) == []
    GUARDS.remove(connection)
    (warning,) = check_guards(None, databases=["default"])
    assert warning.id == "backoffice.W010"
    assert "backoffice_guard_securityevent_delete" in warning.msg


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_guards_of_the_log_stand_after_a_flush(run):
    assert GUARDS.find_missing(connection) == []
    make_user("edda")


def test_address_is_forgotten_after_its_time(edda, event):
    later = timezone.now() + dt.timedelta(days=89)
    assert forget_addresses(at=later) == 0
    assert forget_addresses(at=later + dt.timedelta(days=2)) == 1
    event.refresh_from_db()
    assert (event.address, event.about) == (None, edda)


@any_database
def test_job_forgets_addresses():
    assert run_job("forget_addresses").output == "0 network addresses forgotten, 0 mails."
