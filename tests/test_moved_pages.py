"""Addresses of before, in bookmarks and in mails that were sent, lead to the pages of today."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from billing.payouts.holds import hold_payment
from tests.billing.batches import make_batch
from tests.factories import make_blog, make_user
from weblog.publishing.new_texts import start_new_text

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture(autouse=True)
def roles(db):
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("evidence/", "views-explained/"),
        ("evidence/?month=2026-10&p=2", "views-explained/?month=2026-10&p=2"),
        ("billing/paymentinstruction/", "billing/hold/"),
        ("billing/paymentinstruction/?q=Ada%20E&state=open", "billing/hold/?q=Ada%20E&state=open"),
        ("billing/paymentinstruction/7/change/", "billing/hold/7/change/"),
        ("billing/paymentinstruction/7/history/", "billing/hold/7/history/"),
        ("billing/paymentinstruction/7/end/", "billing/hold/7/end/"),
        ("weblog/blogrevision/", "weblog/newtext/"),
        ("weblog/blogrevision/7/change/?_changelist_filters=status%3Ddraft",
         "weblog/newtext/7/change/?_changelist_filters=status%3Ddraft"),
        ("weblog/blogrevision/7/", "weblog/newtext/7/"),
    ],
)  # fmt: skip
def test_old_address_leads_to_the_new_one_with_ids_and_query(client, old, new):
    client.force_login(make_user())
    response = client.get(f"/admin/{old}")
    assert (response.status_code, response.url) == (308, f"/admin/{new}")


def test_stranger_signs_in_and_arrives(client):
    response = client.get("/admin/billing/paymentinstruction/7/change/?p=1")
    login = reverse("admin:login")
    assert response.url == f"{login}?next=/admin/billing/paymentinstruction/7/change/%3Fp%3D1"


@pytest.mark.thorough
def test_page_of_today_decides_who_may_see_it(client):
    payment = make_batch().payments.get()
    hold = hold_payment(payment=payment, by=make_user(), reason="Waits for a contract")
    blog = make_blog()
    new_text = start_new_text(blog=blog, by=blog.author)
    old = f"/admin/billing/paymentinstruction/{hold.pk}/change/"
    old_text = f"/admin/weblog/blogrevision/{new_text.pk}/change/"
    for roles, statuses in ([["Finance"], [200, 403]], [["Editors"], [403, 200]], [[], [403, 403]]):
        client.force_login(make_user(groups=roles))
        answers = [client.get(url, follow=True).status_code for url in (old, old_text)]
        assert answers == statuses


@pytest.mark.thorough
def test_form_that_was_open_during_the_upgrade_is_sent_on_as_it_is(client):
    payment = make_batch().payments.get()
    hold = hold_payment(payment=payment, by=make_user(), reason="Waits for a contract")
    client.force_login(make_user(groups=["Finance"]))
    values = {"_form_submitted": "True", "reason": "The contract came"}
    client.post(f"/admin/billing/paymentinstruction/{hold.pk}/end/", values, follow=True)
    hold.refresh_from_db()
    assert hold.end_reason == "The contract came"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "address",
    ["evidence/x/", "billing/paymentinstruction/7/nonsense/more/", "weblog/blogrevisions/"],
)
def test_what_was_no_address_before_is_none_now(client, address):
    client.force_login(make_user(is_superuser=True))
    assert client.get(f"/admin/{address}", follow=True).status_code == 404


@pytest.mark.thorough
def test_redirect_stays_on_this_site(client):
    client.force_login(make_user(is_superuser=True))
    response = client.get("/admin/weblog/blogrevision//evil.example/")
    assert response.status_code == 404 or response.url.startswith("/admin/weblog/newtext/")


@pytest.mark.thorough
def test_audit_trail_knows_kinds_by_their_old_names(client):
    client.force_login(make_user(groups=["Auditors"]))
    page = reverse("admin:backoffice_audittrail_changelist")
    response = client.get(f"{page}?kind=billing.paymentinstruction&since=2026-10-01")
    assert response.status_code == 301
    assert response.url == f"{page}?kind=billing.hold&since=2026-10-01"
    assert client.get(response.url).status_code == 200
