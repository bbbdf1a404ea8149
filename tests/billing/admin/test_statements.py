"""The room of statements: whose an author sees, and what the pages show."""

import datetime as dt
import io
from hashlib import sha256

import pytest
from django.urls import reverse
from pypdf import PdfReader

from backoffice.models import SecurityEvent
from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import export_payments
from billing.bank.results.recording import Result, record_results
from billing.payouts import steps
from tests.billing.batches import AT, OCTOBER
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


@pytest.fixture
def payments(groups):
    """A paid October of two authors, Ada and Bruno."""
    category = make_category("Tech")
    make_price(category, "10")
    for name in ("Ada", "Bruno"):
        author = make_user(first_name=name, last_name="Example", groups=["Authors"])
        make_count(
            make_blog(category=category, author=author, title=f"<b>{name}</b> #eval(1)"), 1000
        )
        make_payee(author, at=AT, legal_name=f"{name} Example", language="de")
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    export_payments(batch=batch, at=AT)
    results = {
        payment.pk: Result(outcome="paid", value_date=dt.date(2026, 11, 24))
        for payment in batch.payments.all()
    }
    record_results(batch=batch, results=results, by=make_user(), at=AT)
    return list(batch.payments.order_by("author_name"))


def open_page(client, name, *args, **query):
    url = reverse(f"admin:billing_statement_{name}", args=args, query=query)
    return client.post(url) if name.endswith("pdf") else client.get(url)


@pytest.mark.thorough
def test_author_sees_only_own_statements(client, payments):
    ada, bruno = payments
    client.force_login(ada.author)
    page = open_page(client, "changelist")
    assert "Your statements" in page.text
    assert ada.reference in page.text
    assert bruno.reference not in page.text
    for name in ("page", "pdf"):
        assert open_page(client, name, ada.pk).status_code == 200
        assert open_page(client, name, bruno.pk).status_code == 404
        assert open_page(client, name, 10**30).status_code == 404
    for name in ("year", "year_pdf"):
        assert open_page(client, name).status_code == 200
        assert open_page(client, name, author=bruno.author_id).status_code == 403
    # What is asked for in the address narrows, and never widens.
    assert bruno.reference not in open_page(client, "changelist", author=bruno.author_id).text


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Finance", "Approvers", "Auditors"])
def test_who_sees_payments_sees_all_statements(client, payments, role):
    client.force_login(make_user(groups=[role]))
    page = open_page(client, "changelist").text
    assert all(payment.reference in page for payment in payments)
    ada, bruno = payments
    assert open_page(client, "page", bruno.pk).status_code == 200
    assert open_page(client, "year", author=bruno.author_id).status_code == 200
    narrowed = open_page(client, "changelist", author=bruno.author_id).text
    assert ada.reference not in narrowed


@pytest.mark.thorough
@pytest.mark.parametrize("groups_of", [["Editors"], []])
def test_nobody_else_sees_any(client, payments, groups_of):
    client.force_login(make_user(groups=groups_of))
    names = ["changelist", "year", "year_pdf"]
    answers = [open_page(client, name).status_code for name in names]
    answers += [open_page(client, name, payments[0].pk).status_code for name in ("page", "pdf")]
    assert set(answers) == {403}


@pytest.mark.thorough
def test_page_and_pdf_say_the_same_and_escape_titles(client, payments):
    ada = payments[0]
    client.force_login(ada.author)
    page = open_page(client, "page", ada.pk)
    assert "&lt;b&gt;Ada&lt;/b&gt; #eval(1)" in page.text
    assert "auf das Konto mit den Endziffern 3000" in page.text
    assert '<div lang="de">' in page.text
    answer = open_page(client, "pdf", ada.pk)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == (
        f'attachment; filename="statement-{ada.reference}.pdf"'
    )
    assert "no-store" in answer["Cache-Control"]
    pdf = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    for text in ("<b>Ada</b> #eval(1)", "10,00", "24. November 2026", "3000"):
        assert text in pdf


@pytest.mark.thorough
def test_pdf_is_handed_out_for_a_post_alone_and_noted(client, payments):
    ada = payments[0]
    client.force_login(ada.author)
    pdf = reverse("admin:billing_statement_pdf", args=[ada.pk])
    page = reverse("admin:billing_statement_page", args=[ada.pk])
    assert client.get(pdf)["Location"] == page
    query = {"year": 2026, "currency": "EUR"}
    year_pdf = reverse("admin:billing_statement_year_pdf", query=query)
    assert client.get(year_pdf)["Location"] == reverse("admin:billing_statement_year", query=query)
    assert f'action="{pdf}"' in client.get(page).text
    assert not SecurityEvent.objects.filter(kind="file_taken").exists()
    files = [client.post(pdf).content, client.post(year_pdf).content]
    noted = SecurityEvent.objects.filter(kind="file_taken").order_by("pk")
    assert {event.by for event in noted} == {ada.author}
    names = [f"statement-{ada.reference}.pdf", "paid-in-2026-EUR.pdf of Ada Example"]
    assert [event.detail for event in noted] == [
        f"{name}, SHA-256 {sha256(file).hexdigest()}"
        for name, file in zip(names, files, strict=True)
    ]


@pytest.mark.thorough
def test_what_is_not_allowed_is_refused_before_a_page_is_read(client, payments, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("read")

    ada, bruno = payments
    client.force_login(ada.author)
    for name in ("write_month", "write_year", "print_sheet"):
        monkeypatch.setattr(f"billing.admin.statements.{name}", fail)
    doors = {
        reverse("admin:billing_statement_pdf", args=[bruno.pk]): 404,
        reverse("admin:billing_statement_year"): 405,
        reverse("admin:billing_statement_year_pdf", query={"author": bruno.author_id}): 403,
        reverse("admin:billing_statement_year", query={"author": bruno.author_id}): 403,
    }
    assert {url: client.post(url).status_code for url in doors} == doors
    for door in ("page", "pdf"):
        assert (
            client.put(reverse(f"admin:billing_statement_{door}", args=[ada.pk])).status_code == 405
        )


@pytest.mark.thorough
def test_year_says_which_payment_was_by_hand(client, groups):
    category = make_category("Tech")
    make_price(category, "10")
    author = make_user(groups=["Authors"])
    make_count(make_blog(category=category, author=author), 1000)
    make_payee(author, at=AT, language="de")
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    proposal = propose_hand_payment(
        payment=batch.payments.get(), means="cash", paid_on=AT.date(), reason="No bank",
        by=make_user(), at=AT,
    )  # fmt: skip
    confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    client.force_login(author)
    page = open_page(client, "year")
    assert "von Hand" in page.text
    assert "3000" not in page.text


@pytest.mark.thorough
def test_year_can_be_taken_as_pdf(client, payments):
    client.force_login(payments[0].author)
    page = open_page(client, "year")
    assert "Bezahlt in 2026" in page.text
    answer = open_page(client, "year_pdf", year=2026, currency="EUR")
    assert payments[0].reference in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


def test_author_without_a_payment_sees_an_empty_room(client, groups):
    client.force_login(make_user(groups=["Authors"]))
    assert "There is no statement yet" in open_page(client, "changelist").text
    assert "Nothing was paid yet" in open_page(client, "year").text
    assert open_page(client, "year_pdf").status_code == 404


def test_statements_of_a_cancelled_batch_are_gone(client, groups):
    category = make_category("Tech")
    make_price(category, "10")
    author = make_user(groups=["Authors"])
    make_count(make_blog(category=category, author=author), 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    payment = batch.payments.get()
    client.force_login(author)
    assert "Preliminary" in open_page(client, "page", payment.pk).text
    steps.cancel_batch(batch=batch, by=make_user(), reason="Built too early")
    assert open_page(client, "page", payment.pk).status_code == 404


@pytest.mark.thorough
def test_pages_of_lists_and_lines_are_cut(client, payments, monkeypatch):
    monkeypatch.setattr("billing.admin.statements.STATEMENTS_PER_PAGE", 1)
    client.force_login(make_user(groups=["Finance"]))
    bruno = payments[1]
    assert bruno.reference not in open_page(client, "changelist").text
    assert bruno.reference in open_page(client, "changelist", p=2).text
