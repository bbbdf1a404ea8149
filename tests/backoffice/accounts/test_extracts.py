import json

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts import extracts
from backoffice.accounts.extracts import make_extract
from backoffice.models import MailChoice, SavedFilter, SecurityEvent
from tests.factories import make_blog, make_user
from weblog.models import Picture

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

OWN = "/admin/account/extract/"


@pytest.fixture
def edda():
    names = {"first_name": "Edda", "last_name": "Editor"}
    return make_user("edda", email="edda@example.org", **names)


@pytest.fixture
def ines():
    return make_user("ines", first_name="Ines", last_name="Quirk", is_superuser=True)


def read(response):
    return json.loads(b"".join(response.streaming_content))


def extract(user, by=None):
    with make_extract(user=user, by=by or user) as file:
        return json.load(file)


def test_person_downloads_what_is_kept_about_them(edda, client):
    make_blog(author=edda, title="Slow bread")
    make_blog(title="Somebody else's")
    picture = {"file": "pictures/2026/11/x.png", "alt_text": "A loaf", "width": 1, "height": 1}
    Picture.objects.create(uploaded_by=edda, **picture)
    client.force_login(edda)
    MailChoice.objects.create(person=edda, kind="weblog.review", how="off")
    SavedFilter.objects.create(person=edda, list_name="weblog_blog", name="Mine", query="q=edda")
    response = client.post(OWN)
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "no-store" in response.headers["Cache-Control"]
    kept = read(response)
    assert kept["account"][0]["email"] == "edda@example.org"
    assert [blog["title"] for blog in kept["blogs"]] == ["Slow bread"]
    assert [picture["description"] for picture in kept["pictures"]] == ["A loaf"]
    assert [one["name"] for one in kept["saved_filters"]] == ["Mine"]
    assert kept["mails_wanted"] == [{"about": "blogs that wait for review", "how": "Not at all"}]


def test_looking_at_the_page_hands_nothing_out(edda, client):
    client.force_login(edda)
    response = client.get(OWN)
    assert response.status_code == 200
    assert not SecurityEvent.objects.filter(kind="extract_taken").exists()


def test_superuser_takes_it_for_a_person_who_is_told(
    edda, ines, client, django_capture_on_commit_callbacks
):
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        kept = read(client.post(reverse("admin:auth_user_extract", args=[edda.pk])))
    assert kept["account"][0]["username"] == "edda"
    event = SecurityEvent.objects.get(kind="extract_taken")
    assert (event.about, event.by) == (edda, ines)
    assert mail.outbox[-1].subject == "Imprint: What is kept about you was downloaded"
    assert mail.outbox[-1].recipients() == ["edda@example.org"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_takes_it_for_a_person(method, edda, client):
    client.force_login(make_user())
    response = getattr(client, method)(reverse("admin:auth_user_extract", args=[edda.pk]))
    assert response.status_code == 403
    assert not SecurityEvent.objects.filter(kind="extract_taken").exists()


def test_person_confirms_that_it_is_they_where_the_sign_in_is_old(edda, client, settings):
    settings.REAUTHENTICATE_MINUTES = 15
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client.post("/admin/login/", {"username": "edda", "password": "secret"})
        clock.shift(50 * 60)
        response = client.post(OWN)
        assert response.url.startswith(reverse("account_reauthenticate"))
        assert not SecurityEvent.objects.filter(kind="extract_taken").exists()
        response = client.post(response.url, {"password": "secret"})
    assert read(response)["account"][0]["username"] == "edda"


def test_no_other_person_is_named(edda, ines):
    role = Group.objects.create(name="Bakers")
    edda._history_user = ines
    edda.groups.add(role)
    edda.last_name = "Reader"
    edda.save()
    kept = extract(edda)
    assert kept["account_history"][-1]["by"] == "somebody else"
    assert kept["account_history"][-1]["roles"] == ["Bakers"]
    assert {"what": "Role given", "by": "somebody else", "detail": "Bakers"}.items() <= next(
        event for event in kept["security_events"] if event["what"] == "Role given"
    ).items()
    text = json.dumps(kept)
    assert '"ines' not in text
    assert "Quirk" not in text


def test_address_of_another_who_acted_is_not_told(edda, ines):
    facts = {"at": timezone.now(), "kind": "group_given", "about": edda}
    SecurityEvent.objects.create(by=ines, address="192.0.2.66", device="Ines' phone", **facts)
    SecurityEvent.objects.create(by=edda, address="192.0.2.7", **facts)
    text = json.dumps(extract(edda))
    assert "192.0.2.7" in text
    assert "192.0.2.66" not in text
    assert "phone" not in text


def test_secrets_are_left_out(edda, client):
    Authenticator.objects.create(user=edda, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    client.force_login(edda)
    kept = extract(edda)
    assert len(kept["second_factors"]) == len(kept["devices_signed_in"]) == 1
    text = json.dumps(kept)
    assert "JBSWY3DPEHPK3PXP" not in text
    assert edda.password not in text
    assert client.session.session_key not in text
    assert edda.account_sessions.get().pk not in text


def test_apps_add_sections_and_an_empty_one_is_a_list(edda, monkeypatch):
    monkeypatch.setattr(extracts, "_sections", {})
    extracts.register_extract("hats", lambda user: ({"size": size} for size in (52, 54)))
    extracts.register_extract("gloves", lambda user: [])
    assert extract(edda) == {"hats": [{"size": 52}, {"size": 54}], "gloves": []}


@pytest.mark.thorough
def test_queries_do_not_grow_with_what_is_kept(edda, django_assert_max_num_queries):
    for _ in range(30):
        make_blog(author=edda)
        edda.save()
    with django_assert_max_num_queries(61):  # each section has its own, however much it holds
        extract(edda)
