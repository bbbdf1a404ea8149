import datetime as dt

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core import signing
from django.urls import reverse
from django.utils import timezone

import backoffice.settings as installed
from backoffice.accounts.sessions import SessionStore, digest_key
from backoffice.jobs import run_job
from backoffice.models import AccountSession, JobRun
from tests.factories import FIREFOX, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

START = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
HOME = "/admin/"


@pytest.fixture
def edda():
    return make_user("edda", first_name="Edda", last_name="Editor")


@pytest.fixture
def sign_in(client_factory):
    def sign_in(user, user_agent=FIREFOX):
        client = client_factory(headers={"user-agent": user_agent})
        values = {"username": user.username, "password": "secret"}
        assert client.post(reverse("admin:login"), values).status_code == 302
        return client

    return sign_in


@pytest.fixture
def client_factory():
    from django.test import Client

    return Client


def is_in(client):
    return client.get(HOME).status_code == 200


# What is kept


def test_key_of_the_cookie_is_not_in_the_database(sign_in, edda):
    key = sign_in(edda).cookies["sessionid"].value
    session = AccountSession.objects.get()
    assert session.session_key == digest_key(key)
    assert key not in str(AccountSession.objects.values())


def test_what_a_session_holds_is_for_whoever_has_its_cookie(sign_in, edda):
    client = sign_in(edda)
    session = client.session
    session["typed"] = "a secret"
    session.save()
    assert client.session["typed"] == "a secret"
    row = AccountSession.objects.get()
    assert row.get_decoded() == {}
    for key in ("", row.session_key, "another" * 5):
        assert SessionStore(key).decode(row.session_data) == {}


def test_what_can_not_be_read_signs_nobody_in(sign_in, edda):
    client = sign_in(edda)
    for stored in ("", "nonsense", signing.dumps({"_auth_user_id": str(edda.pk)})):
        AccountSession.objects.update(session_data=stored)
        assert not is_in(client)


def test_digest_opens_nothing(client, sign_in, edda):
    sign_in(edda)
    client.cookies["sessionid"] = AccountSession.objects.get().session_key
    assert not is_in(client)


def test_of_a_device_its_kind_is_kept_and_no_more(sign_in, edda):
    sign_in(edda)
    sign_in(edda, IPHONE)
    devices = AccountSession.objects.values_list("device", flat=True)
    assert {*devices} == {"Firefox on Linux", "Safari on an iPhone"}
    assert "Mozilla" not in str(AccountSession.objects.values())


def test_reader_who_signs_in_nowhere_has_no_session(client):
    client.get("/")
    client.get(reverse("admin:login"))
    assert not AccountSession.objects.exists()
    assert "sessionid" not in client.cookies


def test_sign_in_brings_a_new_key(client, edda):
    planted = SessionStore()
    planted["anything"] = 1
    planted.save()
    client.cookies["sessionid"] = planted.session_key
    client.post(reverse("admin:login"), {"username": "edda", "password": "secret"})
    assert client.cookies["sessionid"].value != planted.session_key
    assert not planted.exists(planted.session_key)


# How long


def test_session_that_is_not_used_ends(sign_in, edda):
    with time_machine.travel(START) as now:
        client = sign_in(edda)
        now.move_to(START + dt.timedelta(minutes=61))
        assert not is_in(client)


def test_use_puts_the_idle_limit_off(sign_in, edda):
    with time_machine.travel(START) as now:
        client = sign_in(edda)
        for minutes in (50, 100, 150):
            now.move_to(START + dt.timedelta(minutes=minutes))
            assert is_in(client)


@pytest.mark.thorough
def test_session_ends_however_much_it_is_used(sign_in, edda):
    with time_machine.travel(START) as now:
        client = sign_in(edda)
        for minutes in range(50, 12 * 60, 50):
            now.move_to(START + dt.timedelta(minutes=minutes))
            assert is_in(client)
            session = client.session
            session["basket"] = minutes  # saving begins no new time
            session.save()
        now.move_to(START + dt.timedelta(hours=12, seconds=1))
        assert not is_in(client)


def test_limits_are_settings(settings, sign_in, edda):
    settings.SESSION_IDLE_MINUTES = 5
    with time_machine.travel(START) as now:
        client = sign_in(edda)
        now.move_to(START + dt.timedelta(minutes=6))
        assert not is_in(client)


def test_use_within_a_minute_writes_nothing(sign_in, edda):
    with time_machine.travel(START) as now:
        client = sign_in(edda)
        client.get(HOME)
        before = AccountSession.objects.get().seen_at
        now.move_to(START + dt.timedelta(seconds=59))
        client.get(HOME)
        assert AccountSession.objects.get().seen_at == before


def test_job_clears_what_is_over(sign_in, edda):
    with time_machine.travel(START) as now:
        sign_in(edda)
        now.move_to(START + dt.timedelta(minutes=30))
        sign_in(edda)
        now.move_to(START + dt.timedelta(minutes=61))
        run_job("clearsessions")
        assert AccountSession.objects.get().started_at == START + dt.timedelta(minutes=30)
    assert JobRun.objects.get().status == JobRun.Status.SUCCEEDED


def test_sessions_are_cleared_by_schedule():
    assert ["clearsessions"] in [job[2] for job in installed.CRONJOBS]


# One's own


def test_own_sessions_are_listed_and_this_one_is_marked(sign_in, edda):
    sign_in(edda, IPHONE)
    sign_in(make_user("otto"), "Opera")
    page = sign_in(edda).get(reverse("admin:backoffice_account")).text
    assert "Safari on an iPhone" in page
    assert "Opera" not in page
    assert page.count("This one") == 1


def test_own_session_elsewhere_is_ended(sign_in, edda):
    phone, desk = sign_in(edda, IPHONE), sign_in(edda)
    session = AccountSession.objects.get(device__contains="iPhone")
    response = desk.post(reverse("admin:backoffice_account"), {"session": session.pk}, follow=True)
    assert "One sign-in was ended." in response.text
    assert (is_in(phone), is_in(desk)) == (False, True)


def test_all_but_this_one_are_ended(sign_in, edda):
    others = [sign_in(edda), sign_in(edda, IPHONE)]
    desk = sign_in(edda)
    desk.post(reverse("admin:backoffice_account"), {"session": "others"})
    assert [is_in(client) for client in [*others, desk]] == [False, False, True]


def test_nobody_ends_somebody_elses_session(sign_in, edda):
    ottos = sign_in(make_user("otto"))
    session = AccountSession.objects.get()
    sign_in(edda).post(reverse("admin:backoffice_account"), {"session": session.pk})
    assert is_in(ottos)


@pytest.mark.parametrize("session", ["", "nonsense", "\0", "x" * 5000])
def test_what_is_no_session_ends_nothing(sign_in, edda, session):
    phone, desk = sign_in(edda, IPHONE), sign_in(edda)
    response = desk.post(reverse("admin:backoffice_account"), {"session": session}, follow=True)
    assert "nothing to end" in response.text
    assert is_in(phone)


# Another's


@pytest.mark.thorough
def test_superuser_sees_and_ends_anothers_sessions(sign_in, edda):
    eddas = sign_in(edda)
    admin = sign_in(make_user("ines", is_superuser=True))
    assert "1 device" in admin.get(reverse("admin:auth_user_change", args=[edda.pk])).text
    url = reverse("admin:auth_user_sessions", args=[edda.pk])
    assert "Where Edda Editor is signed in" in admin.get(url).text
    assert is_in(eddas)
    admin.post(url, {"session": "others"})
    assert (is_in(eddas), is_in(admin)) == (False, True)


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_may_change_users_ends_no_session_of_theirs(client, make_clerk, edda, method):
    client.force_login(make_clerk("auth.view_user", "auth.change_user"))
    url = reverse("admin:auth_user_sessions", args=[edda.pk])
    assert getattr(client, method)(url, {"session": "others"}).status_code == 403


# What ends them by itself


def deactivate(user):
    user.is_active = False
    user.save()


def set_password(user):
    user.set_password("another secret 42")
    user.save()


def make_superuser(user):
    user.is_superuser = True
    user.save()


def lock_password(user):
    user.set_unusable_password()
    user.save()


def give_group(user):
    user.groups.add(Group.objects.create(name="Editors"))


def give_group_from_the_other_side(user):
    Group.objects.create(name="Editors").user_set.add(user)


@pytest.mark.parametrize(
    "change",
    [
        deactivate,
        set_password,
        lock_password,
        make_superuser,
        give_group,
        give_group_from_the_other_side,
    ],
)
def test_change_of_an_account_ends_its_sessions_at_once(sign_in, edda, change):
    eddas, ottos = sign_in(edda), sign_in(make_user("otto"))
    change(edda)
    assert not AccountSession.objects.filter(user=edda).exists()
    assert (is_in(eddas), is_in(ottos)) == (False, True)


@pytest.mark.parametrize("take", ["remove", "clear", "set"])
def test_loss_of_a_group_ends_the_sessions(sign_in, edda, take):
    group = Group.objects.create(name="Editors")
    edda.groups.add(group)
    eddas = sign_in(edda)
    {
        "remove": lambda: edda.groups.remove(group),
        "clear": lambda: edda.groups.clear(),
        "set": lambda: edda.groups.set([]),
    }[take]()
    assert not is_in(eddas)


def test_group_that_was_there_already_ends_nothing(sign_in, edda):
    group = Group.objects.create(name="Editors")
    edda.groups.add(group)
    eddas = sign_in(edda)
    edda.groups.add(group)
    edda.groups.set([group])
    edda.groups.remove(Group.objects.create(name="Authors"))
    assert is_in(eddas)


def test_change_of_a_name_ends_nothing(sign_in, edda):
    eddas = sign_in(edda)
    edda.last_name = "Redactrice"
    edda.save()
    assert is_in(eddas)


def test_session_of_a_deactivated_account_does_not_come_back(sign_in, edda):
    eddas = sign_in(edda)
    deactivate(edda)
    edda.is_active = True
    edda.save()
    assert not is_in(eddas)


def test_own_change_of_password_ends_all_sessions_but_this_one(sign_in, edda):
    phone, desk = sign_in(edda, IPHONE), sign_in(edda)
    values = {"old_password": "secret"}
    values |= dict.fromkeys(["new_password1", "new_password2"], "quite another 42")
    assert desk.post(reverse("admin:password_change"), values).status_code == 302
    assert (is_in(phone), is_in(desk)) == (False, True)
    assert AccountSession.objects.filter(user=edda).count() == 1


def test_new_key_after_a_change_of_password_begins_no_new_time(sign_in, edda):
    with time_machine.travel(START) as now:
        desk = sign_in(edda)
        now.move_to(START + dt.timedelta(minutes=50))
        values = {"old_password": "secret"}
        values |= dict.fromkeys(["new_password1", "new_password2"], "quite another 42")
        desk.post(reverse("admin:password_change"), values)
    assert AccountSession.objects.get().expire_date == START + dt.timedelta(hours=12)


def test_superuser_who_deactivates_themself_is_out(sign_in):
    ines = make_user("ines", is_superuser=True)
    admin = sign_in(ines)
    url = reverse("admin:auth_user_change", args=[ines.pk])
    assert admin.post(url, {"username": "ines", "is_staff": "on"}).status_code == 302
    assert not is_in(admin)
    assert not AccountSession.objects.filter(user=ines).exists()


def test_sign_out_ends_the_session(sign_in, edda):
    client = sign_in(edda)
    client.post(reverse("admin:logout"))
    assert not AccountSession.objects.filter(user=edda).exists()


# Cookies


def test_installed_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts():
    assert installed.DEBUG is False
    for cookie in ("SESSION", "CSRF"):
        assert getattr(installed, f"{cookie}_COOKIE_NAME").startswith("__Host-")
        assert getattr(installed, f"{cookie}_COOKIE_SECURE") is True
        assert getattr(installed, f"{cookie}_COOKIE_HTTPONLY") is True
        assert getattr(installed, f"{cookie}_COOKIE_SAMESITE") == "Lax"
        assert not hasattr(installed, f"{cookie}_COOKIE_DOMAIN")
        assert not hasattr(installed, f"{cookie}_COOKIE_PATH")


def test_sign_in_works_with_the_installed_cookies(settings, client_factory, edda):
    for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"):
        setattr(settings, name, getattr(installed, name))
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client = client_factory(enforce_csrf_checks=True)
    client.get(reverse("admin:login"), secure=True)
    token = client.cookies["__Host-csrftoken"]
    values = {"username": "edda", "password": "secret", "csrfmiddlewaretoken": token.value}
    headers = {"referer": "https://testserver/admin/login/"}
    response = client.post(reverse("admin:login"), values, secure=True, headers=headers)
    assert response.status_code == 302
    cookie = client.cookies["__Host-sessionid"]
    assert (cookie["secure"], cookie["httponly"], cookie["path"]) == (True, True, "/")
    assert (cookie["samesite"], cookie["domain"]) == ("Lax", "")


def test_old_sessions_under_bare_keys_are_ended():
    from importlib import import_module

    from django.apps import apps
    from django.contrib.sessions.models import Session

    Session.objects.create(session_key="bare", session_data="", expire_date=timezone.now())
    migration = import_module("backoffice.migrations.0002_account_sessions")
    migration.end_old_sessions(apps, None)
    assert not Session.objects.exists()
