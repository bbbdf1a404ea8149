"""What an author's statement says: the figures of finance, in the words of the payee."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings

from billing.bank.exports import export_payments
from billing.bank.results.recording import Result, record_results
from billing.models import Adjustment
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import hold_payment
from billing.statements.authors import MonthlyStatement, find_style, list_statements
from billing.statements.months import write_month
from billing.statements.styles import Style
from billing.statements.years import list_years_paid, write_year
from tests.billing.batches import AT, OCTOBER
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_finding,
    make_payee,
    make_price,
    make_user,
)

IN_JANUARY = dt.datetime(2027, 1, 5, 12, tzinfo=dt.UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

LOCALE = Path(settings.BASE_DIR) / "billing" / "locale" / "de" / "LC_MESSAGES"


@pytest.fixture
def blog():
    category = make_category("Tech")
    make_price(category, "15")
    author = make_user(first_name="Ada", last_name="Example")
    blog = make_blog(category=category, author=author, title="Kernel diary")
    make_count(blog, 2123)
    return blog


def build(blog, *, language="de"):
    make_payee(blog.author, at=AT, language=language, legal_name="Ada Example GmbH")
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    return batch


def pay(batch, *, at=AT, **result):
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    export_payments(batch=batch, at=AT)
    payment = batch.payments.get()
    results = {payment.pk: Result(**{"outcome": "paid"} | result)}
    record_results(batch=batch, results=results, by=make_user(), at=at)
    return payment


def write(payment):
    payment.refresh_from_db()
    return write_month(MonthlyStatement(payment, at=AT))


def find_table(sheet, title):
    return next(table for table in sheet.tables if table.title == title)


@pytest.mark.thorough
def test_statement_says_in_german_what_was_paid_when_and_where(blog):
    save_adjustment(
        adjustment=Adjustment(author=blog.author, amount=Decimal("-2"), reason="Doppelt bezahlt."),
        by=make_user(),
        at=AT,
    )
    payment = pay(build(blog), value_date=dt.date(2026, 11, 24))
    sheet = write(payment)
    assert sheet.language == "de"
    assert sheet.title == "Abrechnung für Oktober 2026"
    assert dict(sheet.facts) == {
        "Von": settings.PRODUCT_NAME,
        "Autor": "Ada Example",
        "Zahlungsempfänger": "Ada Example GmbH",
        "Referenz": payment.reference,
        "Betrag": "29,85\N{NO-BREAK SPACE}€",
        "Stand": "Bezahlt am 24. November 2026, auf das Konto mit den Endziffern 3000",
        "Bisher bezahlt in 2026": "29,85\N{NO-BREAK SPACE}€",
    }
    assert [row.cells for row in find_table(sheet, "Aufrufe").rows] == [
        (
            "Kernel diary",
            "Tech",
            "Oktober 2026",
            "2.123",
            "15,00\N{NO-BREAK SPACE}€",
            "31,845\N{NO-BREAK SPACE}€",
        )
    ]
    assert [row.cells for row in find_table(sheet, "Korrekturen und Vorträge").rows] == [
        ("Korrektur", "Doppelt bezahlt.", "-2,00\N{NO-BREAK SPACE}€")
    ]
    assert [row.cells for row in find_table(sheet, "Wie der Betrag zustande kommt").rows] == [
        ("Summe aller Zeilen", "29,845\N{NO-BREAK SPACE}€"),
        ("Rundung", "+0,005\N{NO-BREAK SPACE}€"),
        ("Betrag der Zahlung", "29,85\N{NO-BREAK SPACE}€"),
    ]
    assert sheet.warning == ""


@pytest.mark.thorough
def test_statement_is_in_english_for_an_english_payee(blog):
    sheet = write(pay(build(blog, language="en")))
    assert sheet.title == "Statement for October 2026"
    assert dict(sheet.facts)["Amount"] == "€31.85"
    assert dict(sheet.facts)["State"] == ("Paid on 22 Nov 2026, to the account ending in 3000")


def test_numbers_follow_a_language_without_words_of_its_own(blog):
    sheet = write(build(blog, language="fr").payments.get())
    assert sheet.title == "Statement for October 2026"
    assert dict(sheet.facts)["Amount"] == "31,85\N{NO-BREAK SPACE}€"


@pytest.mark.thorough
def test_statement_is_preliminary_until_the_batch_is_approved(blog):
    batch = build(blog)
    payment = batch.payments.get()
    assert write(payment).warning == (
        "Vorläufig: Dieser Monat wird noch geprüft, die Beträge können sich ändern."
    )
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    assert write(list_statements().get()).warning == (
        "Vorläufig: Dieser Monat ist noch nicht freigegeben."
    )


@pytest.mark.thorough
def test_failed_payment_says_why_and_where_it_is_paid_again(blog):
    payment = pay(build(blog), outcome="failed", reason="Konto gelöscht")
    assert dict(write(payment).facts)["Stand"] == (
        "Die Bank konnte am 22. November 2026 nicht zahlen, auf das Konto mit den Endziffern "
        "3000: Konto gelöscht"
    )
    make_count(blog, 1000, dt.date(2026, 11, 3))
    november, _ = steps.build_batch(month=dt.date(2026, 11, 1), at=AT + dt.timedelta(days=30))
    again = november.payments.get()
    facts = dict(write(payment).facts)
    assert facts["Wird bezahlt mit"] == (
        f"der Abrechnung für November 2026, Referenz {again.reference}"
    )
    assert facts["Noch offen"] == "31,845\N{NO-BREAK SPACE}€"  # a draft pays nobody yet
    assert "Bezahlt mit" not in facts
    rows = find_table(write(again), "Korrekturen und Vorträge").rows
    assert rows[0].cells == (
        "Vortrag aus Oktober 2026",
        f"{payment.reference}: Konto gelöscht",
        "+31,845\N{NO-BREAK SPACE}€",
    )


@pytest.mark.parametrize(
    ("views", "state"),
    [
        (10, "Vorgetragen: Unter dem Mindestbetrag von 10,00\N{NO-BREAK SPACE}€."),
        (2000, "Zurückgehalten: Die Rechnung fehlt noch."),
    ],
)
def test_what_is_kept_back_says_why(settings, views, state):
    settings.MINIMUM_PAYOUT = Decimal(10)
    category = make_category("Tech")
    make_price(category, "15")
    blog = make_blog(category=category)
    make_count(blog, views)
    payment = build(blog).payments.get()
    if views == 2000:
        hold_payment(payment=payment, by=make_user(), reason="Die Rechnung fehlt noch.", at=AT)
    sheet = write(payment)
    assert dict(sheet.facts)["Stand"] == state
    assert dict(sheet.facts)["Betrag"] == "0,00\N{NO-BREAK SPACE}€"


def test_excluded_views_stand_with_their_reason(blog):
    batch = build(blog)
    make_finding(
        blog,
        OCTOBER,
        views=1234,
        status="excluded",
        reason="Ein Skript.",
        decided_by=make_user(),
        decided_at=AT,
    )
    make_finding(blog, OCTOBER, views=7)
    table = find_table(write(batch.payments.get()), "Ausgeschlossene Aufrufe")
    assert [row.cells for row in table.rows] == [("Kernel diary", "Ein Skript.", "1.234")]


def test_statements_are_those_that_no_cancelled_batch_holds(blog):
    batch = build(blog)
    payment = batch.payments.get()
    assert list(list_statements(author=blog.author)) == [payment]
    assert list(list_statements(author=make_user())) == []
    steps.cancel_batch(batch=batch, by=make_user(), reason="Built too early")
    assert list(list_statements()) == []


@pytest.mark.thorough
def test_year_lists_what_the_bank_made_and_when(blog):
    payment = pay(build(blog), value_date=dt.date(2027, 1, 4), at=IN_JANUARY)
    assert list_years_paid(blog.author) == [(2027, "EUR")]
    style = find_style(blog.author, at=AT)
    sheet = write_year(author=blog.author, year=2027, currency="EUR", style=style)
    assert [row.cells for row in sheet.tables[0].rows] == [
        ("4. Januar 2027", "Oktober 2026", payment.reference, "3000", "31,85\N{NO-BREAK SPACE}€"),
        ("Alle Zahlungen", "", "", "", "31,85\N{NO-BREAK SPACE}€"),
    ]
    nothing = write_year(author=blog.author, year=2026, currency="EUR", style=style)
    assert nothing.tables[0].rows[0].cells == (
        "Alle Zahlungen", "", "", "", "0,00\N{NO-BREAK SPACE}€",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "amount", "text"),
    [
        ("de", Decimal("-1234.5"), "-1.234,50\N{NO-BREAK SPACE}€"),
        ("en", Decimal("1234.5"), "€1,234.50"),
        ("de-ch", Decimal("1234.5"), "EUR\N{NO-BREAK SPACE}1’234.50"),
        ("xx-yy", Decimal("1"), "€1.00"),
    ],
)
def test_amounts_are_written_as_the_payee_reads_them(language, amount, text):
    assert Style(language).amount(amount, "EUR") == text


def test_amounts_keep_the_decimals_that_banks_pay():
    assert Style("de").amount(Decimal("12"), "JPY") == "12\N{NO-BREAK SPACE}¥"
    assert Style("de").amount(Decimal("1.234567"), "EUR", exact=True) == (
        "1,234567\N{NO-BREAK SPACE}€"
    )


@pytest.mark.thorough
def test_queries_do_not_grow_with_the_lines(blog, django_assert_max_num_queries):
    for number in range(20):
        make_count(make_blog(category=blog.category, author=blog.author), 100 + number)
    payment = build(blog).payments.get()
    payment = list_statements().get(pk=payment.pk)
    with django_assert_max_num_queries(10):
        write_month(MonthlyStatement(payment, at=AT))


def test_german_words_are_complete_and_compiled():
    with (LOCALE / "django.po").open("rb") as file:
        words = {message.id: message.string for message in read_po(file) if message.id}
    with (LOCALE / "django.mo").open("rb") as file:
        assert {message.id: message.string for message in read_mo(file) if message.id} == words
    holes = re.compile(r"%\(\w+\)s")
    for english, german in words.items():
        assert german
        assert sorted(holes.findall(english)) == sorted(holes.findall(german))
    used = set()
    for path in sorted((Path(settings.BASE_DIR) / "billing" / "statements").glob("*.py")):
        used |= set(re.findall(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*\)', path.read_text()))
    assert used - set(words) == set()
