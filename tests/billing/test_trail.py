import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.trail import CORRECTIONS
from tests.billing.batches import AT, Status, make_batch
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

URL = "/admin/audit-trail/"


@pytest.fixture
def corrected():
    """A payment that finn recorded as failed, and fay as paid after all."""
    batch = make_batch(Status.APPROVED)
    payment = batch.payments.get()
    export_payments(batch=batch, by=make_user(), at=AT)
    finn, fay = make_user("finn"), make_user("fay", first_name="Fay", last_name="Example")
    record_results(batch=batch, results={payment.pk: ("failed", "Account closed")}, by=finn, at=AT)
    record_results(batch=batch, results={payment.pk: ("paid", "The bank was wrong")}, by=fay, at=AT)
    return payment


def read(client, **filters):
    return [
        (row.person, row.subject, row.text, row.reason, url)
        for row, url in client.get(URL, filters).context["rows"]
        if getattr(row, "is_deed", False)
    ]


def test_corrected_result_stands_in_the_trail_with_who_and_why(client, corrected):
    client.force_login(make_user(is_superuser=True))
    entry = (
        "Fay Example",
        f"{corrected.reference}, {corrected.author_name}",
        "Recorded as failed before, and as paid after all",
        "The bank was wrong",
        reverse("admin:billing_payment_change", args=[corrected.pk]),
    )
    assert read(client) == [entry]
    assert read(client, kind=CORRECTIONS) == [entry]
    assert "The bank was wrong" in client.get(URL).text


def test_it_is_found_by_person_reason_and_day_like_every_change(client, corrected):
    client.force_login(make_user(is_superuser=True))
    fay, day = corrected.results.latest("pk").by, AT.date().isoformat()
    for filters in ({"person": fay.pk}, {"reason": "BANK was"}, {"since": day, "until": day}):
        assert len(read(client, **filters)) == 1, filters
    for filters in ({"person": "system"}, {"reason": "closed"}, {"until": "2026-01-01"}):
        assert read(client, **filters) == [], filters
    assert read(client, kind="billing.payoutbatch") == read(client, kind="security") == []


def test_payment_is_linked_only_for_who_may_see_it(client, corrected):
    clerk = make_user()
    clerk.user_permissions.add(Permission.objects.get(codename="view_audittrail"))
    client.force_login(clerk)
    assert [url for *_, url in read(client)] == [""]


def test_result_that_stands_alone_is_no_correction(client):
    batch = make_batch(Status.APPROVED)
    export_payments(batch=batch, by=make_user(), at=AT)
    results = {batch.payments.get().pk: ("paid", "")}
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    client.force_login(make_user(is_superuser=True))
    assert read(client) == []
