import csv
import datetime as dt
import io

import pytest

from billing.models import Payment
from tests.billing.batches import make_batch
from tests.billing.pages import make_october
from tests.factories import make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def export(client, model, **data):
    response = client.post(f"/admin/billing/{model}/export/", {"format": "0", **data})
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def fields_of(client, model):
    """Select every field that the export page offers."""
    form = client.get(f"/admin/billing/{model}/export/").context["form"]
    return {name: "on" for name in form.fields if name.startswith(f"{model}resource_")}


def test_prices_are_exported_as_they_are_kept(client, sign_in):
    make_price(make_category("Tech"), "12.345", dt.date(2026, 1, 1), note="=1+1")
    sign_in("Finance")
    assert export(client, "categoryprice", **fields_of(client, "categoryprice")) == [
        {
            "category": "Tech",
            "effective_from": "2026-01-01",
            "price_per_1000": "12.345",
            "currency": "EUR",
            "note": "'=1+1",
        }
    ]


def test_payments_are_exported_with_author_and_amount(client, sign_in):
    payment = make_batch().payments.get()
    Payment.objects.update(author_name="=Ada")
    sign_in("Finance")
    assert export(client, "payment", **fields_of(client, "payment")) == [
        {
            "reference": payment.reference,
            "month": "2026-10",
            "author": "'=Ada",
            "amount": "10.00",
            "currency": "EUR",
            "status": "payable",
        }
    ]


def test_export_costs_the_same_for_2_and_20_payments(
    client, sign_in, django_assert_max_num_queries
):
    payment = make_october(authors=2).payments.first()
    sign_in("Finance")
    fields = fields_of(client, "payment")
    for number in range(20):
        payment.pk, payment.reference, payment.author = None, f"r{number}", make_user()
        payment.save()
    with django_assert_max_num_queries(10):
        assert len(export(client, "payment", **fields)) == 24


@pytest.mark.parametrize("role", ["Approvers", "Auditors", "Authors"])
@pytest.mark.parametrize("model", ["categoryprice", "payment"])
def test_exporting_needs_its_own_permission(client, sign_in, model, role):
    sign_in(role)
    assert client.get(f"/admin/billing/{model}/export/").status_code == 403


@pytest.mark.parametrize("model", ["payment", "payoutbatch"])
def test_nothing_of_billing_but_planned_prices_is_imported(client, sign_in, model):
    sign_in("Superusers")
    assert client.get(f"/admin/billing/{model}/import/").status_code != 200
