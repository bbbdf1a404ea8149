import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.books.exports import export_year
from billing.books.payee_years import count_payees, list_payee_totals
from billing.books.years import sum_year
from billing.models import Payee, Payment
from billing.payouts import steps
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_payee,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
YEARS = reverse("admin:billing_books_years")


@pytest.fixture(scope="module")
def agent_for_all(shared_rows):
    """The number of the payee of `agent`."""
    category = make_category("Tech")
    make_price(category, "10")
    authors = [make_user(name, first_name=name.title()) for name in ("ada", "bruno", "chiara")]
    for author, views in zip(authors, (1000, 2000, 500), strict=True):
        make_count(make_blog(author=author, category=category), views)
    agent = make_payee(*authors[:2], at=AT, legal_name="=Agency+1", country="DE")
    batch, _ = steps.build_batch(month=dt.date(2026, 10, 1), at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    export_payments(batch=batch, at=AT)
    results = {payment.pk: ("paid", "") for payment in batch.payments.all()}
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    return agent.pk


@pytest.fixture
def agent(agent_for_all):
    """An agent who got 10.00 for Ada and 20.00 for Bruno; Chiara, without a payee, got 5.00."""
    return Payee.objects.get(pk=agent_for_all)


def read(year=2026):
    return [
        (row.payee, row.name, row.country, row.authors, row.payments, row.amount)
        for row in list_payee_totals(year, "EUR")
    ]


def test_payee_of_several_authors_stands_once_and_the_sum_is_that_of_the_year(agent):
    assert read() == [
        (agent.pk, "=Agency+1", "DE", 2, 2, Decimal(30)),
        (None, "Chiara", "", 1, 1, Decimal(5)),
    ]
    assert count_payees(2026, "EUR") == 2
    assert sum_year(2026, "EUR") == Decimal(35)
    assert read(2027) == []


def test_name_is_that_under_which_the_payment_was_signed(agent):
    Payee.objects.filter(pk=agent.pk).update(name="Another name")
    assert read()[0][1] == "=Agency+1"


@pytest.mark.thorough
def test_payment_that_turned_out_not_to_be_made_is_in_no_payees_year(agent):
    payment = Payment.objects.get(author__username="bruno")
    results = {payment.pk: ("failed", "Account closed")}
    record_results(batch=payment.batch, results=results, by=make_user(), at=AT)
    assert read()[0][3:] == (1, 1, Decimal(10))


def test_file_of_payees_holds_no_formula_and_no_account(agent):
    export, stream = export_year(year=2026, currency="EUR", per="payee", by=make_user(), at=AT)
    with stream:
        content = stream.read().decode()
    assert content == (
        "year,payee,name,country,authors,payments,paid,currency\r\n"
        f"2026,{agent.pk},'=Agency+1,DE,2,2,30.00,EUR\r\n"
        "2026,,Chiara,,1,1,5.00,EUR\r\n"
    )
    assert (export.file_name, export.format) == ("paid-2026-EUR-payees.csv", "csv-payees")


@pytest.mark.thorough
def test_page_shows_payees_and_hands_out_their_file(client, agent, groups):
    client.force_login(make_user(groups=["Finance"]))
    text = client.get(YEARS, {"year": "2026", "per": "payee"}).text
    assert "=Agency+1" in text
    assert "Chiara, without a payee" in text
    assert client.get(YEARS, {"year": "2026", "per": "nobody"}).status_code == 404
    response = client.post(f"{YEARS}?year=2026&per=payee")
    assert "paid-2026-EUR-payees.csv" in response.headers["Content-Disposition"]
    assert b"=Agency+1" in b"".join(response.streaming_content)
