import re

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from backoffice.models import SecurityEvent
from tests.backoffice.accounts.signing_in import give_app
from tests.factories import FIREFOX, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NEW = "four odd unrelated words"


@pytest.fixture
def ines(client):
    user = make_user("ines", is_superuser=True, first_name="Ines", last_name="Inkwell")
    client.force_login(user)
    return user


@pytest.fixture
def edda():
    user = make_user("edda", email="edda@example.org")
    user.set_unusable_password()
    user.save()
    return user


def invite(client, user):
    url = reverse("admin:auth_user_invite", args=[user.pk])
    return client.post(url, {"_form_submitted": "True"})


def page_of(client, user):
    return client.get(reverse("admin:auth_user_change", args=[user.pk])).text


def test_new_account_has_no_password_unless_somebody_sets_one(client, ines):
    page = client.get(reverse("admin:auth_user_add")).text
    assert "They choose it, by a link that you mail them" in page
    assert "Password-based authentication" not in page
    given = {"username": "edda", "usable_password": "false"}
    client.post(reverse("admin:auth_user_add"), given)
    assert not User.objects.get(username="edda").has_usable_password()


@pytest.mark.thorough
def test_person_chooses_the_first_password_by_a_link(client, ines, edda):
    assert "Mail a link to a password" in page_of(client, edda)
    invite(client, edda)
    (message,) = mail.outbox
    assert message.to == ["edda@example.org"]
    assert "ask Ines Inkwell for another one" in message.body
    event = SecurityEvent.objects.get(kind="password_reset_asked")
    assert (event.about, event.by, event.detail) == (edda, ines, "Invitation")
    (path,) = re.findall(rf"{settings.SITE_URL}(\S+)", message.body)
    browser = Client()
    form = browser.get(path).url
    browser.post(form, dict.fromkeys(["new_password1", "new_password2"], NEW))
    edda.refresh_from_db()
    assert edda.check_password(NEW)
    assert Client().get(path).status_code == 200  # and is of no use any more
    assert "Mail a link to a password" not in page_of(client, edda)
    invite(client, edda)
    assert len(mail.outbox) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("values", [{"email": ""}, {"is_active": False}, {"is_staff": False}])
def test_no_link_goes_where_it_is_of_no_use(client, ines, edda, values):
    User.objects.filter(pk=edda.pk).update(**values)
    assert "Mail a link to a password" not in page_of(client, edda)
    invite(client, edda)
    assert mail.outbox == []


def test_only_superusers_invite(client, make_clerk, edda):
    client.force_login(make_clerk("auth.view_user", "auth.change_user"))
    assert invite(client, edda).status_code == 403
    assert mail.outbox == []


@pytest.mark.thorough
def test_administrators_see_when_and_from_where_a_factor_was_added(client, ines, edda):
    assert "Lost every factor" not in page_of(client, edda)
    give_app(edda)
    SecurityEvent.objects.create(
        kind="factor_added", about=edda, by=edda, at="2026-11-03T09:30:00Z",
        detail="An app", device="Firefox on Windows", address="192.0.2.9",
    )  # fmt: skip
    page = page_of(client, edda)
    assert "An app, added on 3 Nov 2026, 10:30 with Firefox on Windows from 192.0.2.9" in page
    assert "Lost every factor" in page


def test_page_of_a_user_tells_nothing_of_the_hash(client, ines):
    page = page_of(client, make_user("edda"))
    assert "Nobody can read it" in page
    for word in ("pbkdf2", "md5", "iterations", "salt:", "hash:"):
        assert word not in page


def test_pages_of_signing_in_speak_plainly():
    browser = Client(headers={"User-Agent": FIREFOX})
    page = browser.post(reverse("admin:login"), {"username": "nobody", "password": "wrong"}).text
    assert page.count("errornote") == 1
    assert "Forgotten your password?" in page
    assert "Log in" not in page
    browser.force_login(make_user())
    response = browser.post(reverse("admin:logout"))
    assert response.headers["Clear-Site-Data"] == '"cache"'
    page = response.text
    assert "You are signed out" in page
    assert "quality time" not in page
