"""What finance and approvers see and press where views have no price."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from billing.findings.decisions import find_findings
from billing.models import Finding, PayoutBatch
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER
from tests.billing.pages import BATCHES, press, url_of
from tests.factories import make_blog, make_category, make_count, make_price
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

BUILD = f"{BATCHES}build/"


@pytest.fixture(autouse=True)
def in_november():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def food():
    """October: 1,000 views at a price, and 30 of Food without one."""
    priced = make_blog(category=make_category("Tech"))
    make_price(priced.category, "10")
    make_count(priced, 1000)
    blog = make_blog(category=make_category("Food"), title="Soups")
    make_count(blog, 30)
    return blog


def build(client, **data):
    return client.post(BUILD, {"_form_submitted": "True", **data})


def test_build_names_the_views_and_offers_to_build_without_them(client, sign_in, food):
    sign_in("Finance")
    text = client.get(BUILD).text
    assert "October 2026: 30 views of Food" in text
    assert "Build without them" in text
    refused = build(client)
    assert "Not built: October 2026. No price for Food" in refused.text
    assert not PayoutBatch.objects.exists()


@pytest.mark.thorough
def test_build_without_them_needs_a_reason_and_keeps_it(client, sign_in, food):
    user = sign_in("Finance")
    refused = build(client, leave_out="2026-10", reason=" ")
    assert "Say why: the reason is kept with the batch." in refused.text
    assert not PayoutBatch.objects.exists()
    response = build(client, leave_out="2026-10", reason="The contract comes later")
    assert "Built as drafts: October 2026." in shown(response)[0]
    batch = PayoutBatch.objects.get()
    assert (batch.left_out_by, batch.left_out_reason) == (user, "The contract comes later")
    page = client.get(url_of(batch)).text
    assert "left them out: The contract comes later" in page
    assert "30 views are left out of October 2026 for want of a price: Food (30)" in page
    assert "Build without them" not in page


@pytest.mark.thorough
def test_draft_is_built_without_views_that_came_after_it(client, sign_in, food):
    make_price(food.category, "5", dt.date(2026, 10, 10))
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    make_count(food, 3, dt.date(2026, 10, 2))
    sign_in("Finance")
    assert "Build without them" in client.get(url_of(batch)).text
    assert "3 views of Food" in client.get(url_of(batch, "leave-out")).text
    press(client, batch, "leave-out", reason="An old log")
    batch.refresh_from_db()
    assert batch.left_out_reason == "An old log"


@pytest.mark.parametrize("role", ["Authors", "Editors", "Approvers", "Auditors"])
def test_nobody_else_leaves_views_out(client, sign_in, food, role):
    batch = steps.build_batch(month=OCTOBER, by=sign_in("Finance"), leave_out="Wrong", at=AT)[0]
    sign_in(role)
    assert client.get(url_of(batch, "leave-out")).status_code == 403
    assert press(client, batch, "leave-out").status_code == 403


def test_page_of_the_finding_leads_to_the_price(client, sign_in, food):
    find_findings(month=OCTOBER, at=AT)
    finding = Finding.objects.get()
    sign_in("Finance")
    text = client.get(f"/admin/billing/finding/{finding.pk}/change/").text
    assert "30 views wait for a price: Food had none on 15 Oct 2026." in text
    where = f"/admin/billing/categoryprice/add/?category={food.category_id}"
    assert f'href="{where}&amp;effective_from=2026-10-01"' in text
    assert "Exclude views" in text
    assert "/accept/" not in text


def test_evidence_has_a_row_of_them(client, sign_in, food):
    sign_in("Auditors")
    text = client.get(
        reverse("admin:billing_views_explained_changelist", query={"month": "2026-10"})
    ).text
    assert "Waiting for a price" in text


def test_saving_the_price_closes_the_finding(client, sign_in, food):
    find_findings(month=OCTOBER, at=AT)
    sign_in("Finance")
    data = {
        "category": food.category_id,
        "effective_from": "2026-10-01",
        "price_per_1000": "5",
        "note": "Forgotten",
    }
    url = "/admin/billing/categoryprice/add/"
    seen = client.post(url, data).context["adminform"].form.seen
    assert client.post(url, data | {"seen": seen}).status_code == 302
    assert Finding.objects.get().status == "closed"
