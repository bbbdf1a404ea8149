import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from backoffice.accounts.signals import lock_released
from tests.backoffice.accounts.attempts import fail
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

LIST = "admin:axes_accessattempt_changelist"


@pytest.fixture
def superuser(client):
    user = make_user("root", is_superuser=True)
    client.force_login(user)
    return user


def release_url():
    pk = AccessAttempt.objects.latest("attempt_time").pk
    return reverse("admin:axes_accessattempt_release", args=[pk])


def release(client, **values):
    return client.post(release_url(), {"_form_submitted": "True"} | values)


@pytest.fixture
def released():
    heard = []

    def listen(sender, **kwargs):
        del kwargs["signal"]
        heard.append(kwargs)

    lock_released.connect(listen)
    yield heard
    lock_released.disconnect(listen)


def test_list_shows_what_is_locked(client, superuser):
    fail("edda", 5)
    fail("bruno", 1)
    text = client.get(reverse(LIST)).text
    assert text.count("Locked at this address") == 1
    assert text.count("Not locked") == 1


@pytest.mark.thorough
def test_list_costs_the_same_for_many(client, superuser, django_assert_max_num_queries):
    for number in range(20):
        fail(f"person{number}", 1)
    with django_assert_max_num_queries(12):
        client.get(reverse(LIST))


def test_release_lets_an_account_in_and_keeps_the_reason(client, superuser, released):
    fail("edda", 5)
    assert client.get(release_url()).status_code == 200
    assert AccessAttempt.objects.count() == 1
    release(client, what="account", reason="She called.")
    assert AccessAttempt.objects.count() == 0
    assert released == [
        {"username": "edda", "ip_address": None, "by": superuser, "reason": "She called."}
    ]
    assert "Released edda: She called." in LogEntry.objects.get().change_message


def test_release_of_an_address_lets_everybody_there_in(client, superuser, released):
    fail("edda", 1)
    fail("bruno", 1)
    release(client, what="address", reason="Our office.")
    assert AccessAttempt.objects.count() == 0
    assert (released[0]["username"], released[0]["ip_address"]) == (None, "192.0.2.1")


@pytest.mark.parametrize("values", [{"what": "account"}, {"reason": "Wrong"}, {"what": "all"}])
def test_release_without_its_answers_releases_nothing(client, superuser, values):
    fail("edda", 5)
    release(client, **values)
    assert AccessAttempt.objects.count() == 1


def test_only_superusers_see_and_release(client):
    client.force_login(make_user())
    fail("edda", 5)
    assert client.get(reverse(LIST)).status_code == 403
    assert release(client, what="account", reason="Wrong").status_code == 403
    assert AccessAttempt.objects.count() == 1


def test_lock_that_ended_is_not_released_any_more(client, superuser):
    fail("edda", 5)
    url = release_url()
    AccessAttempt.objects.update(attempt_time="2026-01-01 00:00+00:00")
    assert client.get(url).status_code == 404
