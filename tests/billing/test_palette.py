import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Adjustment, Hold, Payment, PayoutBatch
from billing.palette import _starts_with
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.querysets import match_amounts
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_groups,
    make_payee,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MONEY_ROLES = ["Finance", "Approvers", "Auditors"]


@pytest.fixture(scope="module")
def october_for_all(shared_rows):
    """The number of the batch of `october`."""
    with time_machine.travel(AT):
        make_groups("10_groups.json", "30_billing_groups.json")
        author = make_user("unal", first_name="Ünal", last_name="Ångström-Łoś", groups=["Authors"])
        category = make_category("Tech")
        make_price(category, "15")
        make_count(make_blog(author=author, category=category, title="Über Nähmaschinen"), 4406)
        batch, _ = steps.build_batch(month=dt.date(2026, 10, 1), at=AT)
        steps.submit_batch(batch=batch, by=make_user(), at=AT)
        return approve(batch, at=AT).pk


@pytest.fixture
def groups(october_for_all):
    """The groups are made with October."""


@pytest.fixture
def october(october_for_all, time_machine):
    """An approved batch of October: 66.09 to Ünal Ångström-Łoś."""
    time_machine.move_to(AT)
    return PayoutBatch.objects.get(pk=october_for_all)


def search(client, term):
    response = client.get("/admin/search/", {"s": term})
    assert response.status_code == 200
    found = response.context["results"] if response.context else []
    return {result.title: result for result in found}


@pytest.mark.parametrize("term", ["66.09", "66,09", "$66.09", "66,09 €"])
def test_amount_finds_the_payment_with_its_name(term, october, sign_in, client):
    sign_in("Finance")
    found = search(client, term)
    assert [*found] == ["€66.09 to Ünal Ångström-Łoś"]
    (result,) = found.values()
    assert result.description == "Payment 202610-1-000001 · October 2026 · to be paid"
    assert result.link == f"/admin/billing/payment/{october.payments.get().pk}/change/"


@pytest.mark.parametrize("term", ["october", "Oct 2026", "2026-10", "10/2026"])
def test_month_finds_the_batch_with_its_amount_and_the_lists_of_the_month(
    term, october, sign_in, client
):
    sign_in("Approvers")
    found = search(client, term)
    batch = found["Payout batch of October 2026"]
    assert batch.description == "Approved · €66.09 · 1 author"
    assert found["Payments of October 2026"].link == "/admin/billing/payment/?month=2026-10"
    assert found["Monthly views of October 2026"].link.endswith("?month=2026-10")


@pytest.mark.thorough
def test_day_finds_the_views_of_the_day(october, sign_in, client):
    sign_in("Auditors")
    link = search(client, "15 Oct 2026")["Daily views of 15 Oct 2026"].link
    page = client.get(link)
    assert page.status_code == 200
    assert [str(row.day) for row in page.context["cl"].result_list] == ["2026-10-15"]


@pytest.mark.parametrize("term", ["202610-1-000001", "202610-1", "202610-"])
def test_reference_and_its_start_find_the_payment(term, october, sign_in, client):
    sign_in("Finance")
    assert "€66.09 to Ünal Ångström-Łoś" in search(client, term)


@pytest.mark.parametrize("term", ["unal", "ANGSTROM", "angstrom-los", "nal ångs"])
def test_part_of_a_name_finds_people_without_accents_and_capitals(term, october, sign_in, client):
    make_payee(october.payments.get().author, at=AT, legal_name="Ünal Ångström-Łoś")
    sign_in("Finance")
    found = search(client, term)
    assert "Payments to Ünal Ångström-Łoś" in found
    assert "Ünal Ångström-Łoś" in found
    page = client.get(found["Payments to Ünal Ångström-Łoś"].link)
    assert [row.reference for row in page.context["cl"].result_list] == ["202610-1-000001"]


def test_hold_finds_the_list_and_the_open_hold_of_a_person(october, sign_in, client):
    author = october.payments.get().author
    Hold.objects.create(
        author=author, kind="hold", reason="Waits for a form", created_by=make_user(), created_at=AT
    )
    sign_in("Finance")
    assert search(client, "hold")["Holds and pay-outs"].link == "/admin/billing/hold/"
    found = search(client, "angstrom")["Hold: Ünal Ångström-Łoś"]
    assert found.description == "Open · Waits for a form"


def test_adjustment_and_price_are_found_by_their_amounts(october, sign_in, client):
    adjustment = Adjustment(author=october.payments.get().author, amount=-12, reason="A double")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    sign_in("Finance")
    assert search(client, "12")["-€12.00 for Ünal Ångström-Łoś"].description == (
        "Adjustment · A double"
    )
    assert search(client, "15")["Tech: €15.00"].description == (
        "Price · per 1,000 views from 1 Jan 2020"
    )


def test_kept_back_amount_is_found_by_the_cent_that_pages_show(october, sign_in, client):
    author, tech = make_user(first_name="Ida", last_name="Held"), make_category("Tech")
    make_count(make_blog(author=author, category=tech), 33, dt.date(2026, 9, 5))  # 0.495
    Hold.objects.create(
        author=author, kind="hold", reason="Asked", created_by=make_user(), created_at=AT
    )
    steps.build_batch(month=dt.date(2026, 9, 1), at=AT)
    sign_in("Finance")
    assert [*search(client, "0.50")] == ["€0.495 to Ida Held"]
    assert [*search(client, "0.495")] == ["€0.495 to Ida Held"]
    assert search(client, "0.49") == {}


@pytest.mark.parametrize("term", ["66.09", "october", "202610-1-000001"])
def test_author_finds_the_own_statement_and_no_other(term, october, sign_in, client):
    payment = october.payments.get()
    sign_in("Authors")
    assert search(client, term) == {}
    client.force_login(payment.author)
    (found,) = search(client, term).values()
    assert found.title == "Statement of October 2026"
    assert found.description == "€66.09 · 202610-1-000001"
    assert client.get(found.link).status_code == 200


@pytest.mark.parametrize("term", ["66.09", "october", "202610", "angstrom", "15", "hold"])
def test_editor_finds_no_money(term, october, sign_in, client):
    sign_in("Editors")
    found = search(client, term)
    assert [one for one in found.values() if "/billing/" in one.link] == []


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Authors", "Editors", *MONEY_ROLES])
def test_whatever_is_found_opens(role, october, sign_in, client):
    sign_in(role)
    terms = ["66.09", "october", "202610-1", "angstrom", "nah", "tech", "a", "audit", "15 oct 2026"]
    links = {one.link for term in terms for one in search(client, term).values()}
    assert len(links) > 3
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.thorough
@pytest.mark.parametrize("term", ["66.09", "october", "202610-1-000001", "angstrom"])
def test_as_many_questions_for_one_row_as_for_many(term, october, sign_in, client):
    sign_in("Superusers")
    search(client, term)
    with CaptureQueriesContext(
        connection,
    ) as few:
        search(client, term)
    for number in range(15):
        author = make_user(first_name="Angstrom", last_name=str(number))
        make_count(make_blog(author=author, category=make_category("Tech")), 4406)
        Hold.objects.create(
            author=make_user(first_name="Angstrom"), kind="hold", reason="Asked",
            created_by=make_user(), created_at=AT,
        )  # fmt: skip
    steps.build_batch(month=dt.date(2026, 9, 1), at=AT)
    with CaptureQueriesContext(connection) as many:
        search(client, term)
    assert len(many) == len(few) <= 20


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL plans by statistics")
@pytest.mark.usefixtures("october")
@pytest.mark.parametrize(
    "condition", [match_amounts([Decimal("66.09"), Decimal(7)]), _starts_with("202610-1")]
)
def test_payments_are_found_by_indexes_and_never_by_reading_them_all(condition):
    plan = Payment.objects.filter(condition).order_by("-pk")[:10].explain()
    assert "USING INDEX" in plan
    assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", "")
