import pytest
import time_machine
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.accounts.factors import must_enrol
from tests.backoffice.accounts.signing_in import (
    SECRET,
    code_now,
    enter_code,
    enter_password,
    give_app,
    give_codes,
    is_signed_in,
    make_person,
    sign_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

HOME = reverse("admin:index")


@pytest.fixture
def edda():
    return give_app(make_person("edda"))


# Enrolling


def enrol(client):
    page = client.get(reverse("mfa_activate_totp"), follow=True)
    secret = page.context["form"].secret
    return client.post(reverse("mfa_activate_totp"), {"code": code_now(secret=secret)}, follow=True)


def test_app_is_added_and_recovery_codes_are_shown_once(client):
    user = make_person()
    sign_in(client, user)
    codes = enrol(client).context["unused_codes"]
    assert len(set(codes)) == 10
    assert set(user.authenticator_set.values_list("type", flat=True)) == {"totp", "recovery_codes"}
    assert codes[0] not in client.get(reverse("mfa_view_recovery_codes")).text
    assert client.get(reverse("mfa_download_recovery_codes")).status_code == 403


def test_code_that_added_an_app_lets_nobody_in(client, django_capture_on_commit_callbacks):
    user = make_person()
    with time_machine.travel("2026-11-27 10:00:05+00:00", tick=False):
        sign_in(client, user)
        secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
        code = code_now(secret=secret)
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("mfa_activate_totp"), {"code": code})
        other = Client()
        enter_password(other, user)
        enter_code(other, code)
        assert not is_signed_in(other)
        enter_code(other, code_now(secret=secret, steps=1))
        assert is_signed_in(other)


def test_wrong_code_adds_no_app(client):
    user = make_person()
    sign_in(client, user)
    client.get(reverse("mfa_activate_totp"))
    response = client.post(reverse("mfa_activate_totp"), {"code": "12345"})
    assert "This code is not right" in response.text
    assert not user.authenticator_set.exists()


def test_app_is_removed_with_its_recovery_codes(client, edda):
    give_codes(edda)
    sign_in(client, edda)
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert not edda.authenticator_set.exists()


def test_nobody_touches_the_factors_of_somebody_else(client, edda):
    key = Authenticator.objects.create(user=edda, type="webauthn", data={"name": "Key"})
    sign_in(client, make_person())
    assert client.post(reverse("mfa_remove_webauthn", args=[key.pk])).status_code == 404
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 404
    assert edda.authenticator_set.count() == 2


def test_secrets_of_factors_are_not_in_the_database(edda):
    seed = give_codes(edda)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = str(cursor.fetchall())
    assert SECRET not in stored
    assert not any(code in stored for code in seed)


# Whom it is required of


@pytest.fixture
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def make_member(*names):
    user = make_person()
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in names])
    return user


@pytest.mark.parametrize("group", ["Finance", "Approvers", "Auditors", "Authors", "Editors"])
def test_every_role_must_enrol(required, group):
    assert must_enrol(make_member(group))
    assert must_enrol(make_member("Readers of proofs", group))
    assert not must_enrol(give_app(make_member(group)))


def test_superusers_and_whoever_has_a_right_of_their_own_must_enrol(required, make_clerk):
    assert must_enrol(make_person(is_superuser=True))
    assert must_enrol(make_clerk("auth.view_user"))


def test_role_of_any_name_with_such_a_right_must_enrol(required):
    """Neither another role nor a renamed one is a way past the second factor."""
    user = make_member("Treasury")
    assert not must_enrol(user)
    user.groups.get().permissions.add(Permission.objects.get(codename="change_user"))
    assert must_enrol(user)


def test_house_may_leave_authors_and_editors_to_choose(required, settings):
    settings.SECOND_FACTOR_GROUPS = ["Finance", "Approvers", "Auditors"]
    assert not must_enrol(make_member("Authors", "Editors"))
    assert must_enrol(make_member("Authors", "Finance"))


def test_recovery_codes_alone_are_no_factor(required):
    user = make_member("Finance")
    give_codes(user)
    assert must_enrol(user)


def test_nobody_must_where_the_setting_is_off():
    assert not must_enrol(make_person(is_superuser=True))


@pytest.mark.thorough
def test_first_superuser_enrols_at_the_first_sign_in(client, required):
    root = make_person("root", is_superuser=True)
    assert enter_password(client, root).url == HOME
    assert client.get(HOME).url == reverse("mfa_index")
    assert "Your role needs a second factor" in client.get(reverse("mfa_index")).text
    enrol(client)
    assert is_signed_in(client)


def test_who_must_enrol_reaches_nothing_else(client, required):
    user = make_person(is_superuser=True)
    sign_in(client, user)
    for name in ("auth_user_changelist", "auth_user_add", "password_change", "search"):
        address = reverse(f"admin:{name}")
        assert client.get(address).url == reverse("mfa_index")
        assert client.post(address).url == reverse("mfa_index")
    address = reverse("admin:auth_user_changelist")
    response = client.get(address, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == reverse("mfa_index")
    assert client.get("/").status_code == 200
    assert client.post(reverse("admin:logout")).status_code == 200


def test_group_that_is_added_counts_from_the_next_request_on(client, required):
    user = make_person()
    sign_in(client, user)
    assert is_signed_in(client)
    user.groups.add(Group.objects.create(name="Finance"))
    client.force_login(user)  # a changed group ended the session
    assert client.get(HOME).url == reverse("mfa_index")


def test_factor_that_is_removed_counts_from_the_next_request_on(client, required):
    user = give_app(make_member("Finance"))
    sign_in(client, user)
    assert is_signed_in(client)
    user.authenticator_set.all().delete()
    assert not is_signed_in(client)
    sign_in(client, user)
    assert client.get(HOME).url == reverse("mfa_index")


@pytest.mark.django_db(transaction=True)
def test_new_factor_ends_the_sessions_that_were_opened_without_it(client):
    user = make_person()
    other = Client()
    sign_in(other, user)
    sign_in(client, user)
    enrol(client)
    assert is_signed_in(client)
    assert not is_signed_in(other)


# What others can listen to


@pytest.fixture
def heard():
    names = []
    listeners = {
        name: lambda signal, name=name, **kwargs: names.append(name)
        for name in ("authenticator_added", "authenticator_removed", "authenticator_reset")
    }
    for name, listener in listeners.items():
        getattr(signals, name).connect(listener)
    yield names
    for name, listener in listeners.items():
        getattr(signals, name).disconnect(listener)


@pytest.mark.django_db(transaction=True)
def test_changes_of_factors_are_told(client, heard):
    user = make_person()
    sign_in(client, user)
    enrol(client)
    client.post(reverse("mfa_generate_recovery_codes"))
    client.post(reverse("mfa_deactivate_totp"))
    assert heard == [
        "authenticator_added",
        "authenticator_added",  # the recovery codes that come with the app
        "authenticator_reset",
        "authenticator_removed",
        "authenticator_removed",
    ]


def test_what_the_tests_switch_off_is_on_in_production():
    from backoffice import settings as production

    assert production.REQUIRE_SECOND_FACTOR is not production.DEBUG
    assert production.SECOND_FACTOR_GROUPS == [
        "Finance",
        "Approvers",
        "Auditors",
        "Authors",
        "Editors",
    ]
    assert production.REAUTHENTICATE_MINUTES == 15
    assert production.CHANGE_KNOWN_PASSWORDS is True
