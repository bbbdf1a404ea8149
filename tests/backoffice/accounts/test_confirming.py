import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from backoffice.models import AccountSession
from tests.backoffice.accounts.signing_in import (
    PASSWORD,
    code_now,
    give_app,
    is_signed_in,
    make_person,
    sign_in,
    wrong_code,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

CHANGE = reverse("admin:password_change")
NEW = "some other sentence of mine"


@pytest.fixture(autouse=True)
def asked_again(settings):
    settings.REAUTHENTICATE_MINUTES = 15


@pytest.fixture
def clock():
    with time_machine.travel("2026-11-27 10:00:05+00:00", tick=False) as clock:
        yield clock


def change_password(client, old=PASSWORD):
    data = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
    return client.post(CHANGE, data)


def test_sign_in_counts_for_a_while(client, clock):
    user = make_person()
    sign_in(client, user)
    clock.shift(14 * 60)
    assert change_password(client).url == reverse("admin:password_change_done")


def test_change_of_password_asks_again_and_then_does_what_was_sent(client, clock):
    user = make_person()
    sign_in(client, user)
    clock.shift(16 * 60)
    response = change_password(client)
    assert response.url.startswith(reverse("account_reauthenticate"))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    client.post(response.url, {"password": PASSWORD})
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_what_waits_for_a_confirmation_is_not_for_readers_of_the_database(client, clock):
    user = make_person()
    sign_in(client, user)
    key = client.cookies["sessionid"].value
    clock.shift(16 * 60)
    change_password(client)
    assert NEW.replace(" ", "+") in str(dict(client.session.items()))
    stored = str(AccountSession.objects.values()) + str(AccountSession.objects.get().get_decoded())
    assert not [text for text in (key, NEW.replace(" ", "+"), NEW) if text in stored]


def test_second_factor_is_what_is_asked_for_again(client, clock):
    user = give_app(make_person())
    sign_in(client, user)
    clock.shift(16 * 60)
    page = change_password(client).url
    assert page.startswith(reverse("mfa_reauthenticate"))
    assert client.get(reverse("account_reauthenticate")).url == reverse("mfa_reauthenticate")
    assert client.post(page, {"code": wrong_code()}).status_code == 200
    client.post(page, {"code": code_now()})
    user.refresh_from_db()
    assert user.check_password(NEW)


@pytest.mark.thorough
@pytest.mark.parametrize("has_app", [False, True])
def test_wrong_confirmations_lock(client, clock, has_app):
    user = make_person()
    if has_app:
        give_app(user)
    sign_in(client, user)
    clock.shift(16 * 60)
    page = change_password(client).url
    wrong = {"code": wrong_code(), "password": "wrong"}
    assert [client.post(page, wrong).status_code for _ in range(5)] == [200] * 4 + [429]
    right = {"code": code_now(), "password": PASSWORD}
    assert client.post(page, right).status_code == 429


@pytest.mark.thorough
def test_wrong_old_passwords_lock(client):
    user = make_person()
    sign_in(client, user)
    assert [change_password(client, "wrong").status_code for _ in range(5)] == [200] * 5
    assert change_password(client).status_code == 429
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_adding_a_factor_asks_again(client, clock, name):
    sign_in(client, make_person())
    assert client.get(reverse(name)).status_code == 200
    clock.shift(16 * 60)
    assert client.get(reverse(name)).url.startswith(reverse("account_reauthenticate"))


@pytest.mark.parametrize("name", ["mfa_deactivate_totp", "mfa_generate_recovery_codes"])
def test_changing_a_factor_asks_again(client, clock, name):
    sign_in(client, give_app(make_person()))
    clock.shift(16 * 60)
    assert client.post(reverse(name)).url.startswith(reverse("mfa_reauthenticate"))


@pytest.mark.thorough
def test_administrator_who_changes_an_account_is_asked_again_and_loses_nothing(client, clock):
    sign_in(client, make_person(is_superuser=True))
    clock.shift(16 * 60)
    edda = make_person("edda")
    page = reverse("admin:auth_user_change", args=[edda.pk])
    assert client.get(page).status_code == 200
    response = client.post(
        page, {"username": "edda", "email": "edda@example.org", "reason": "Wrong"}
    )
    assert response.url.startswith(reverse("account_reauthenticate"))
    assert User.objects.get(pk=edda.pk).email == ""
    client.post(response.url, {"password": PASSWORD})
    assert User.objects.get(pk=edda.pk).email == "edda@example.org"


def test_what_is_wrong_after_the_confirmation_is_corrected_on_its_own_page(client, clock):
    sign_in(client, make_person(is_superuser=True))
    clock.shift(16 * 60)
    page = reverse("admin:auth_user_add")
    response = client.post(page, {"username": "not a name!", "usable_password": "false"})
    response = client.post(response.url, {"password": PASSWORD})
    assert 'value="not a name!"' in response.text
    assert f'action="{page}"' in response.text
    assert response.context["title"] == "Add user"


def test_new_password_of_ones_own_is_corrected_on_its_own_page(client, clock):
    sign_in(client, make_person())
    clock.shift(16 * 60)
    response = client.post(change_password(client, old="wrong").url, {"password": PASSWORD})
    assert response.context["form"].errors
    assert f'action="{CHANGE}"' in response.text


def test_new_password_for_somebody_asks_again(client, clock):
    sign_in(client, make_person(is_superuser=True))
    clock.shift(16 * 60)
    edda = make_person("edda")
    page = reverse("admin:auth_user_password_change", args=[edda.pk])
    response = client.post(page, {"password1": NEW, "password2": NEW, "usable_password": "true"})
    assert response.url.startswith(reverse("account_reauthenticate"))
    edda.refresh_from_db()
    assert edda.check_password(PASSWORD)


def test_import_of_accounts_asks_before_a_file_is_chosen(client, clock):
    sign_in(client, make_person(is_superuser=True))
    page = reverse("admin:auth_user_import")
    assert client.get(page).status_code == 200
    clock.shift(16 * 60)
    response = client.get(page)
    assert response.url.startswith(reverse("account_reauthenticate"))
    assert client.post(response.url, {"password": PASSWORD}).url == page
    assert client.get(page).status_code == 200


def test_confirmation_of_one_browser_holds_in_no_other(clock):
    user, here, there = make_person(), Client(), Client()
    sign_in(here, user)
    sign_in(there, user)
    clock.shift(16 * 60)
    here.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert change_password(there).url.startswith(reverse("account_reauthenticate"))
    assert change_password(here).url == reverse("admin:password_change_done")
    assert is_signed_in(here)
    assert not is_signed_in(there)  # a new password ends the others


def test_ending_ones_sessions_asks_again(client, clock):
    """Otherwise somebody at an open screen could end the owner's other sessions."""
    user = make_person()
    elsewhere = Client()
    sign_in(elsewhere, user)
    sign_in(client, user)
    clock.shift(16 * 60)
    url = reverse("admin:backoffice_account")
    assert client.get(url).status_code == 200
    response = client.post(url, {"session": "others"})
    assert response.url.startswith(reverse("account_reauthenticate"))
    assert is_signed_in(elsewhere)
    client.post(response.url, {"password": PASSWORD})
    assert not is_signed_in(elsewhere)
    assert is_signed_in(client)
