import re

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from backoffice.accounts.reset import wait_for_mails
from tests.backoffice.accounts.signing_in import (
    PASSWORD,
    enter_password,
    give_app,
    is_signed_in,
    make_person,
    sign_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

SITE = "https://imprint.example"
NEW = "some other sentence of mine"


@pytest.fixture(autouse=True)
def site_url(settings):
    settings.SITE_URL = SITE


@pytest.fixture
def edda():
    return make_person("edda", email="edda@example.org")


def ask(email="edda@example.org", client=None, **headers):
    response = (client or Client()).post(reverse("password_reset"), {"email": email}, **headers)
    wait_for_mails()
    return response


def read_link():
    return re.search(r"http\S+/reset/\S+", mail.outbox[-1].body)[0]


def follow(client, link, password=NEW):
    page = client.get(link.removeprefix(SITE), follow=True)
    if not page.redirect_chain:
        return page
    data = {"new_password1": password, "new_password2": password}
    return client.post(page.redirect_chain[-1][0], data, follow=True)


def test_sign_in_page_leads_to_it(client):
    assert reverse("password_reset") in client.get(reverse("admin:login")).text


def test_link_leads_to_a_new_password_but_not_inside(client, edda):
    ask()
    assert "Sign in with it now" in follow(client, read_link()).text
    edda.refresh_from_db()
    assert edda.check_password(NEW)
    assert not is_signed_in(client)


def test_mail_is_short_and_names_the_account(edda):
    ask()
    (message,) = mail.outbox
    assert message.to == ["edda@example.org"]
    assert "your account edda" in message.body
    assert len(message.body) < 500


def test_link_is_of_site_url_whatever_host_is_asked(edda, settings):
    settings.ALLOWED_HOSTS = ["*"]
    ask(headers={"host": "evil.example"})
    assert read_link().startswith(f"{SITE}/admin/reset/")
    assert "evil.example" not in str(mail.outbox[0].message())


def test_link_counts_once(client, edda):
    ask()
    follow(client, read_link())
    assert "was used before" in follow(Client(), read_link()).text


def test_link_counts_for_an_hour(client, edda):
    with time_machine.travel("2026-11-27 10:00+00:00") as clock:
        ask()
        clock.shift(61 * 60)
        assert "too old" in follow(client, read_link()).text


def test_older_link_ends_with_the_use_of_a_newer_one(client, edda):
    ask()
    older = read_link()
    ask()
    follow(client, read_link())
    assert "was used before" in follow(Client(), older).text


def test_new_password_ends_all_sessions(client, edda):
    sign_in(client, edda)
    ask()
    follow(Client(), read_link())
    assert not is_signed_in(client)


def test_second_factor_is_still_asked_for(client, edda):
    give_app(edda)
    ask()
    follow(client, read_link())
    assert enter_password(client, edda, NEW).url == reverse("mfa_authenticate")
    assert not is_signed_in(client)


@pytest.mark.parametrize("email", ["nobody@example.org", "former@example.org", "none@example.org"])
def test_unknown_address_is_answered_like_a_known_one(edda, email):
    make_person("former", email="former@example.org", is_active=False)
    without = make_person("none", email="none@example.org")
    without.set_unusable_password()
    without.save()
    mail.outbox.clear()
    answers = {ask(address).url for address in ("edda@example.org", email)}
    assert answers == {reverse("password_reset_done")}
    assert [message.to for message in mail.outbox] == [["edda@example.org"]]


@pytest.mark.parametrize("email", ["edda@example.org", "nobody@example.org"])
def test_nobodys_mailbox_is_flooded(edda, email):
    assert [ask(email).status_code for _ in range(6)] == [302] * 5 + [429]
    assert len(mail.outbox) <= 5


def test_asking_for_a_link_locks_nobody_out(client, edda):
    for _ in range(6):
        ask()
    sign_in(client, edda)
    assert is_signed_in(client)


def test_mail_that_cannot_be_sent_is_logged_and_tells_nobody(edda, settings, caplog):
    settings.MAILERS = {"default": {"BACKEND": "tests.backoffice.accounts.test_reset.Broken"}}
    assert ask().url == reverse("password_reset_done")
    assert "could not be sent" in caplog.text


class Broken:
    def __init__(self, *args, **kwargs):
        raise OSError("No mail server here.")


@pytest.mark.parametrize("password", ["secret", "password1234", "edda@example.org"])
def test_new_password_has_to_be_a_good_one(client, edda, password):
    ask()
    follow(client, read_link(), password)
    edda.refresh_from_db()
    assert edda.check_password(PASSWORD)


@pytest.mark.parametrize("link", ["/admin/reset/x/y/", "/admin/reset/MQ/set-password/"])
def test_made_up_link_leads_nowhere(client, edda, link):
    assert "was used before" in client.get(link).text
