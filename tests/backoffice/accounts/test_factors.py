import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests.backoffice.accounts.signing_in import (
    PASSWORD,
    code_now,
    enter_code,
    enter_password,
    give_app,
    give_codes,
    is_signed_in,
    make_person,
    wrong_code,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

HOME = reverse("admin:index")


@pytest.fixture
def edda():
    return give_app(make_person("edda"))


# Signing in


def test_password_alone_does_not_let_in_whoever_has_a_second_factor(client, edda):
    response = enter_password(client, edda)
    assert response.url == reverse("mfa_authenticate")
    assert not is_signed_in(client)


def test_password_and_code_let_in(client, edda):
    enter_password(client, edda)
    assert enter_code(client, code_now()).url == HOME
    assert is_signed_in(client)


def test_person_without_a_factor_signs_in_with_the_password(client):
    assert enter_password(client, make_person("edda")).url == HOME
    assert is_signed_in(client)


def test_sign_in_leads_to_the_page_that_was_asked_for(client, edda):
    page = reverse("admin:backoffice_account")
    address = f"{reverse('admin:login')}?next={page}"
    client.post(address, {"username": "edda", "password": PASSWORD})
    assert enter_code(client, code_now()).url == page


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_sign_in_leads_to_no_other_site(client, edda, address):
    client.post(
        f"{reverse('admin:login')}?next={address}", {"username": "edda", "password": PASSWORD}
    )
    assert enter_code(client, code_now()).url == HOME


def test_page_of_codes_is_nothing_without_the_password(client, edda):
    assert client.get(reverse("mfa_authenticate")).url == reverse("account_login")
    assert enter_code(client, code_now()).url == reverse("account_login")
    assert client.get(reverse("account_login")).url == reverse("admin:login")
    assert not is_signed_in(client)


def test_wrong_code_is_refused_and_counted_until_the_account_is_locked(client, edda):
    enter_password(client, edda)
    assert [enter_code(client, wrong_code()).status_code for _ in range(5)] == [200] * 4 + [429]
    assert enter_code(client, code_now()).status_code == 429
    assert not is_signed_in(client)
    assert enter_password(Client(), edda).status_code == 429


def test_knowing_the_password_buys_no_more_codes(edda):
    """The password is right each time. It must not reset the count of wrong codes."""
    answers = []
    for _ in range(5):
        client = Client()
        enter_password(client, edda)
        answers.append(enter_code(client, wrong_code()).status_code)
    assert answers == [200] * 4 + [429]


def test_code_lets_in_once(client, edda):
    with time_machine.travel("2026-11-27 10:00:05+00:00", tick=False):
        code = code_now()
        enter_password(client, edda)
        assert enter_code(client, code).url == HOME
        other = Client()
        enter_password(other, edda)
        assert enter_code(other, code).status_code == 200
        assert not is_signed_in(other)


def test_code_lets_in_once_where_workers_share_no_cache(client, edda, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    test_code_lets_in_once(client, edda)


@pytest.mark.parametrize(
    ("tolerance", "steps", "is_right"),
    [
        (0, 0, True),
        (0, -1, False),
        (0, 1, False),
        (1, -1, True),  # where the clocks of phones differ, and the house says so
        (1, 1, True),
        (1, -2, False),
        (1, 2, False),
    ],
)
def test_code_of_an_app_lives_for_its_half_minute(
    client, edda, settings, tolerance, steps, is_right
):
    settings.MFA_TOTP_TOLERANCE = tolerance
    with time_machine.travel("2026-11-27 10:00:05+00:00", tick=False):
        enter_password(client, edda)
        enter_code(client, code_now(steps=steps))
        assert is_signed_in(client) is is_right


def test_recovery_code_lets_in_once(client, edda):
    code, *others = give_codes(edda)
    enter_password(client, edda)
    assert enter_code(client, code).url == HOME
    other = Client()
    enter_password(other, edda)
    assert enter_code(other, code).status_code == 200
    assert not is_signed_in(other)
    assert enter_code(other, others[0]).url == HOME


def test_codes_of_another_person_do_not_let_in(client, edda):
    codes = give_codes(give_app(make_person()))
    enter_password(client, edda)
    assert enter_code(client, codes[0]).status_code == 200
    assert not is_signed_in(client)


def test_deactivated_account_does_not_get_in_between_password_and_code(client, edda):
    enter_password(client, edda)
    edda.is_active = False
    edda.save()
    enter_code(client, code_now())
    assert not is_signed_in(client)


# What of allauth is not there


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/", "/accounts/signup/", "/accounts/login/", "/accounts/email/",
        "/admin/signup/", "/admin/accounts/signup/", "/admin/2fa/", "/admin/mfa/authenticator/",
        "/admin/account/emailaddress/", "/admin/factors/passkeys/1/edit/",
    ],
)  # fmt: skip
def test_nothing_else_of_allauth_is_there(client, address):
    client.force_login(make_person(is_superuser=True))
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404


def test_new_password_ends_a_sign_in_that_waits_for_its_code(client):
    user = give_app(make_person())
    enter_password(client, user)
    user.set_password("a quiet harbour at midnight")
    user.save()
    assert "changed meanwhile" in enter_code(client, code_now()).text
    assert not is_signed_in(client)
