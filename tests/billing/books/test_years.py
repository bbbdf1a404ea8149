import datetime as dt
from decimal import Decimal

import pytest

from billing.bank.results.recording import Result, record_results
from billing.books.exports import export_year
from billing.books.years import list_totals, list_years, sum_year
from billing.errors import NothingToPost
from billing.models import BooksExport
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

IN_JANUARY = dt.datetime(2027, 1, 4, 12, tzinfo=dt.UTC)


def read(year):
    return [(row.name, row.payments, row.amount) for row in list_totals(year, "EUR")]


def pay_october(october, *, value_date, outcome="paid", by=None):
    results = {
        payment.pk: Result(outcome, "The bank says so.", value_date)
        for payment in october.payments.exclude(author_name="Chiara")
    }
    record_results(batch=october, results=results, by=by or make_user(), at=IN_JANUARY)


def test_year_is_that_in_which_the_bank_moved_the_money(books):
    _, _, october = books
    assert read(2026) == [("Ada", 1, Decimal("35.95"))]  # September's, without a day of the bank
    pay_october(october, value_date=dt.date(2026, 12, 31))
    assert read(2026) == [("Ada", 2, Decimal("51.04")), ("Bruno", 1, Decimal("11.43"))]
    assert (sum_year(2026, "EUR"), read(2027)) == (Decimal("62.47"), [])
    assert list_years() == [2027, 2026]
    assert sum_year(2026, "JPY") == 0


def test_payment_without_a_day_of_the_bank_counts_by_its_result(books):
    _, _, october = books
    pay_october(october, value_date=None)
    assert read(2026) == [("Ada", 1, Decimal("35.95"))]
    assert read(2027) == [("Ada", 1, Decimal("15.09")), ("Bruno", 1, Decimal("11.43"))]


@pytest.mark.thorough
def test_payment_that_turned_out_not_to_be_made_counts_in_no_year(books):
    _, _, october = books
    pay_october(october, value_date=dt.date(2026, 12, 31))
    pay_october(october, value_date=None, outcome="failed")
    assert read(2026) == [("Ada", 1, Decimal("35.95"))]
    assert read(2027) == []


@pytest.mark.thorough
def test_file_of_a_year_is_recorded_and_an_empty_year_has_none(books):
    export, stream = export_year(year=2026, currency="EUR", by=make_user(), at=IN_JANUARY)
    with stream:
        content = stream.read()
    assert content == (
        b"year,author,username,payments,paid,currency\r\n2026,Ada,ada,1,35.95,EUR\r\n"
    )
    assert (export.file_name, export.size) == ("paid-2026-EUR.csv", len(content))
    with pytest.raises(NothingToPost, match="In 2025 nobody was paid in EUR"):
        export_year(year=2025, currency="EUR", by=make_user())
    assert BooksExport.objects.count() == 1
