import json

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from billing.models import Verification

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

CHANGELIST = reverse("admin:billing_verification_changelist")
VERIFY = reverse("admin:billing_verification_verify")
HTMX = {"HX-Request": "true"}


def start(client, **values):
    response = client.post(VERIFY, {"_form_submitted": "1", **values}, headers=HTMX)
    assert response.headers["HX-Redirect"].startswith(CHANGELIST)
    return Verification.objects.get()


def advance(client, run):
    url = reverse("admin:billing_verification_advance", args=[run.pk])
    return client.post(url, headers=HTMX).content.decode()


@pytest.mark.thorough
def test_auditor_watches_a_verification_to_its_end(paid, sign_in, client, monkeypatch):
    monkeypatch.setattr("billing.admin.verifications.SECONDS_A_REQUEST", 0)
    auditor = sign_in("Auditors", first_name="Vera", last_name="Check")
    for role in Group.objects.all():
        role.save()  # with a history, as loaddata gives it
    run = start(client, month="2026-10")
    page = client.get(reverse("admin:billing_verification_change", args=[run.pk]))
    assert page.status_code == 200
    assert Verification.objects.get().done == 0
    answers = []
    while Verification.objects.get().status == "running":
        answers.append(advance(client, run))
    assert "of October 2026 is verified. Now: " in answers[0]
    assert "hx-post" in answers[0]
    assert "No row differs." in answers[-1]
    assert "Vera Check" in answers[-1]
    assert "hx-post" not in answers[-1]
    run.refresh_from_db()
    assert (run.by, run.status, run.done) == (auditor, "passed", run.steps)
    assert advance(client, run) == answers[-1]
    assert "October 2026" in client.get(CHANGELIST).content.decode()


@pytest.mark.thorough
def test_head_that_is_not_in_the_chain_is_told_in_words(paid, sign_in, client):
    sign_in("Approvers")
    run = start(client, head="0" * 63 + "1")
    while Verification.objects.get().status == "running":  # as often as a busy machine needs
        answer = advance(client, run)
    assert "none with the hash 0000" in answer


def test_text_that_is_no_hash_is_refused(sign_in, client):
    sign_in("Finance")
    page = client.post(VERIFY, {"_form_submitted": "1", "head": "abc"}, headers=HTMX)
    assert "64 digits" in page.content.decode()
    assert not Verification.objects.exists()


def test_browser_without_scripts_goes_on_by_a_button(sign_in, client):
    sign_in("Auditors")
    run = start(client)
    response = client.post(reverse("admin:billing_verification_advance", args=[run.pk]))
    assert response.url == reverse("admin:billing_verification_change", args=[run.pk])


@pytest.mark.thorough
@pytest.mark.parametrize("group", ["Authors", "Editors"])
def test_others_can_neither_advance_nor_take_packs(group, paid, sign_in, client):
    run = Verification.objects.create(started_at=paid[0].built_at, steps=1)
    sign_in(group)
    url = reverse("admin:billing_verification_advance", args=[run.pk])
    assert client.post(url).status_code == 403
    pack = reverse("admin:billing_payoutbatch_pack", args=[paid[0].pk])
    assert client.post(pack).status_code == 403


def test_looking_at_the_address_that_advances_does_nothing(sign_in, client):
    sign_in("Auditors")
    run = start(client)
    assert (
        client.get(reverse("admin:billing_verification_advance", args=[run.pk])).status_code == 404
    )
    assert Verification.objects.get().done == 0


@pytest.mark.thorough
def test_auditor_takes_the_pack_of_an_approved_batch(paid, sign_in, client):
    sign_in("Auditors")
    url = reverse("admin:billing_payoutbatch_pack", args=[paid[0].pk])
    assert client.get(url).status_code == 404
    response = client.post(url)
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="evidence-202609-1.zip"'
    )
    assert b"".join(response.streaming_content).startswith(b"PK")
    seal = paid[0].seals.get(kind="evidence")
    assert json.loads(seal.content)["by"] == response.wsgi_request.user.pk
