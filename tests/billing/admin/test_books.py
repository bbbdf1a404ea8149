import datetime as dt
import hashlib

import pytest
import time_machine
from django.urls import reverse

from billing.models import BooksExport
from tests.billing.books.worked import keep_books

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BOOKS = reverse("admin:billing_books_changelist")
BALANCES = reverse("admin:billing_books_balances")
YEARS = reverse("admin:billing_books_years")
IN_DECEMBER = dt.datetime(2026, 12, 10, 12, tzinfo=dt.UTC)


def read(client, url, **query):
    response = client.get(url, query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.thorough
def test_books_show_what_was_posted_and_hand_it_out(client, sign_in, groups, settings):
    """One house for all that the pages say, as building it takes longer than reading it."""
    settings.MINIMUM_PAYOUT = 10
    authors, september, october = keep_books()
    with time_machine.travel(IN_DECEMBER):
        sign_in("Finance")
        _month_shows_its_journal(client, september, october)
        _months_and_currencies_that_are_none_are_not_found(client)
        _balances_lead_to_an_author_and_to_payments(client, authors, september)
        _year_says_what_was_paid(client)
        _files_are_handed_out_and_recorded(client)
        _pages_lead_to_the_books(client, october)
        sign_in("Auditors")
        assert "Download" not in read(client, BOOKS, month="2026-11")
        assert client.post(f"{BOOKS}?month=2026-11", {"format": "csv"}).status_code == 403
        assert client.post(f"{YEARS}?year=2026").status_code == 403


def _month_shows_its_journal(client, september, october):
    page = read(client, BOOKS, month="2026-11")
    assert "Failed, taken back" in page
    assert page.count("€225.09<") == 2  # debit = credit
    assert "-€76.52" in page  # on its way
    for batch in (september, october):
        assert reverse("admin:billing_payoutbatch_change", args=[batch.pk]) in page
    assert "No entry in December 2026" in read(client, BOOKS)
    assert "no batch in EUR was approved" in read(client, BOOKS, month="2026-12")


def _months_and_currencies_that_are_none_are_not_found(client):
    for query in ({"month": "x"}, {"month": "2026-09"}, {"month": "2026-11", "currency": "JPY"}):
        assert client.get(BOOKS, query).status_code == 404
    for query in ({"author": "x"}, {"author": "99999999"}, {"author": "9" * 40}):
        assert client.get(BALANCES, query).status_code == 404
    assert client.get(YEARS, {"year": "1999"}).status_code == 404
    assert "This is no day" in read(client, BALANCES, day="x")


def _balances_lead_to_an_author_and_to_payments(client, authors, september):
    assert 'value="2026-12-10"' in read(client, BALANCES)  # today, as a field of days takes it
    page = read(client, BALANCES, day="2026-10-31")
    assert ["€35.945<" in page, "€8.5055<" in page, "€94.4455<" in page] == [True] * 3
    assert "Nobody is owed anything at the end of 1 Oct" in read(client, BALANCES, day="2026-10-01")
    page = read(client, BALANCES, author=authors["Ada"].pk, day="2026-11-02")
    ada = september.payments.get(author=authors["Ada"])
    assert reverse("admin:billing_payment_change", args=[ada.pk]) in page
    assert ["€35.945<" in page, "-€35.95<" in page, "€0.00<" in page] == [True] * 3
    assert "Nothing moved" in read(client, BALANCES, author=authors["Ada"].pk, day="2026-11-01")


def _year_says_what_was_paid(client):
    page = read(client, YEARS)
    assert "Paid in 2026" in page
    assert page.count("€35.95<") == 2  # Ada's, and all
    response = client.post(f"{YEARS}?year=2026")
    assert b"".join(response.streaming_content) == (
        b"year,author,username,payments,paid,currency\r\n2026,Ada,ada,1,35.95,EUR\r\n"
    )
    assert BooksExport.objects.get().kind == "year"


def _files_are_handed_out_and_recorded(client):
    response = client.post(f"{BOOKS}?month=2026-10", {"format": "csv"})
    content = b"".join(response.streaming_content)
    assert content.startswith(b"entry,date,kind,")
    assert response["Content-Disposition"] == 'attachment; filename="journal-2026-10-EUR.csv"'
    assert response["X-Content-Type-Options"] == "nosniff"
    file = BooksExport.objects.get(kind="journal")
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.sha256[:16] in read(client, BOOKS, month="2026-10")
    for format, said in (("datev", "has no number for"), ("xml", "There is no layout")):
        response = client.post(f"{BOOKS}?month=2026-10", {"format": format}, follow=True)
        assert said in response.content.decode()
    assert BooksExport.objects.count() == 2


def _pages_lead_to_the_books(client, october):
    page = read(client, reverse("admin:billing_payoutbatch_change", args=[october.pk]))
    assert f"{BOOKS}?month=2026-11&amp;currency=EUR" in page
    payment = october.payments.first()
    page = read(client, reverse("admin:billing_payment_change", args=[payment.pk]))
    assert f"{BALANCES}?author={payment.author_id}&amp;currency=EUR" in page


def test_empty_books_say_why(client, sign_in, groups):
    sign_in("Auditors")
    assert "The books are empty" in read(client, BOOKS)
    assert "Nobody is owed anything" in read(client, BALANCES)
    assert "Nobody was paid yet" in read(client, YEARS)
    sign_in("Superusers")
    assert client.post(BOOKS, {"format": "csv"}).status_code == 404
