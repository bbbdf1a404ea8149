from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.money import format_amount
from billing.payouts.comments import add_comment
from billing.trail.batches import RESULTS
from tests.billing.batches import AT, Status, make_batch, make_exported_batch
from tests.factories import make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

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
    rows = client.get(URL, {"kind": RESULTS} | filters).context["rows"]
    return [
        (row.entry.action, row.entry.person, row.entry.subject, row.entry.text, row.entry.reason)
        for row in rows
    ]


@pytest.mark.thorough
def test_results_stand_in_the_trail_with_who_and_why(client, corrected):
    client.force_login(make_user(is_superuser=True))
    subject = f"{corrected.reference}, {corrected.author_name}"
    amount = format_amount(corrected.amount, currency=corrected.batch.currency)
    again = f"Recorded as failed before, and as paid after all. {amount}"
    assert read(client) == [
        ("Corrected", "Fay Example", subject, again, "The bank was wrong"),
        ("Failed", "finn", subject, amount, "Account closed"),
    ]
    assert "The bank was wrong" in client.get(URL).text


@pytest.mark.thorough
def test_they_are_found_by_person_word_and_day_like_every_change(client, corrected):
    client.force_login(make_user(is_superuser=True))
    fay, day = corrected.results.latest("pk").by, AT.date().isoformat()
    for filters in ({"person": fay.pk}, {"q": "BANK was"}, {"person": "Fay", "since": day}):
        assert len(read(client, **filters)) == 1, filters
    assert len(read(client, since=day, until=day)) == 2
    for filters in ({"person": "system"}, {"q": "opened"}, {"until": "2026-01-01"}):
        assert read(client, **filters) == [], filters


@pytest.mark.thorough
def test_payment_is_linked_only_for_who_may_see_it(client, corrected):
    clerk = make_user()
    clerk.user_permissions.add(Permission.objects.get(codename="view_audittrail"))
    client.force_login(clerk)
    rows = client.get(URL, {"kind": RESULTS}).context["rows"]
    assert [row.url for row in rows] == ["", ""]


def kinds_on(client, name, row):
    page = client.get(reverse(f"admin:billing_{name}_history", args=[row.pk]))
    return {row.entry.kind for row in page.context["rows"]}


@pytest.mark.thorough
def test_payment_has_a_page_of_all_that_became_of_it(client, corrected):
    client.force_login(make_user(is_superuser=True))
    assert kinds_on(client, "payment", corrected) == {
        "payout batch", "file to the bank", "bank result",
    }  # fmt: skip


@pytest.mark.thorough
def test_what_became_of_one_payment_stands_with_no_other(client):
    batch = make_exported_batch()
    one, other, _ = batch.payments.order_by("pk")
    record_results(batch=batch, results={one.pk: ("paid", "")}, by=make_user(), at=AT)
    client.force_login(make_user(is_superuser=True))
    assert "bank result" in kinds_on(client, "payment", one)
    assert "bank result" not in kinds_on(client, "payment", other)


@pytest.mark.thorough
def test_batch_has_its_results_files_and_comments_on_its_page(client, corrected):
    add_comment(batch=corrected.batch, text="See", by=make_user(), at=AT)
    client.force_login(make_user(is_superuser=True))
    assert kinds_on(client, "payoutbatch", corrected.batch) >= {
        "payout batch", "file to the bank", "bank result", "comment",
    }  # fmt: skip


@pytest.mark.thorough
def test_entries_of_other_tables_ask_for_their_own_right(client, corrected):
    clerk = make_user()
    clerk.user_permissions.add(Permission.objects.get(codename="view_payoutbatch"))
    client.force_login(clerk)
    kinds = kinds_on(client, "payoutbatch", corrected.batch)
    assert "payout batch" in kinds
    assert not kinds & {"file to the bank", "bank result"}


def test_amounts_are_told_with_currency_and_what_they_are_for(client):
    price = make_price(make_category("Tech"), "15")
    price.price_per_1000 = Decimal("16.5")
    price.save()
    client.force_login(make_user(is_superuser=True))
    row = client.get(URL, {"kind": "billing.categoryprice"}).context["rows"][0]
    (change,) = row.entry.changes
    assert (change.old, change.new) == (
        "€15.00 per 1,000 views",
        "€16.50 per 1,000 views",
    )


@pytest.mark.thorough
def test_batch_page_fetches_its_trail_once_it_is_looked_at(client, corrected):
    client.force_login(make_user(is_superuser=True))
    batch = corrected.batch
    history = reverse("admin:billing_payoutbatch_history", args=[batch.pk])
    page = client.get(reverse("admin:billing_payoutbatch_change", args=[batch.pk])).text
    assert f'hx-get="{history}" hx-trigger="intersect once"' in page
    part = client.get(history, headers={"HX-Request": "true"}).text
    assert "The bank was wrong" in part
    assert "<html" not in part
    assert "<html" in client.get(history).text
