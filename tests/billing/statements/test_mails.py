"""Mails to authors and finance: a link behind the sign-in, no amount, nothing attached."""

import datetime as dt

import pytest

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import export_payments
from billing.bank.results.recording import Result, record_results
from billing.payouts import steps
from billing.payouts.disputes import answer_dispute, ask_about_line, withdraw_dispute
from billing.statements.authors import MonthlyStatement
from billing.statements.months import write_month
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
def author(groups):
    return make_user(
        first_name="Ada", last_name="Example", email="ada@example.com", groups=["Authors"]
    )


@pytest.fixture
def finance(groups):
    return [make_user(email=f"{name}@example.com", groups=["Finance"]) for name in ("finn", "fay")]


@pytest.fixture
def batch(author):
    category = make_category("Tech")
    make_price(category, "10")
    make_count(make_blog(category=category, author=author), 1234)
    make_payee(author, at=AT, language="de")
    return steps.build_batch(month=OCTOBER, at=AT)[0]


@pytest.fixture
def mails_of(mailoutbox, django_capture_on_commit_callbacks):
    """Return what is sent by an act, as {address: [mail]}."""

    def commit(act, *args, **values):
        del mailoutbox[:]
        with django_capture_on_commit_callbacks(execute=True):
            act(*args, **values)
        sent = {}
        for mail in mailoutbox:
            assert not mail.attachments
            assert "12.34" not in f"{mail.subject} {mail.body}"
            assert "12,34" not in f"{mail.subject} {mail.body}"
            for address in mail.to:
                sent.setdefault(address, []).append(mail)
        return sent

    return commit


def sign(batch):
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


def link_to(payment):
    return f"/admin/statements/{payment.pk}/"


def test_author_is_told_of_the_statement_when_it_is_approved(batch, mails_of):
    submitted = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    (mail,) = mails_of(approve, submitted, at=AT)["ada@example.com"]
    assert "Ihre Abrechnung für Oktober 2026" in mail.subject
    assert link_to(batch.payments.get()) in mail.body
    assert "Melden Sie sich an" in mail.body


@pytest.mark.thorough
def test_author_gets_an_advice_when_the_payment_was_made(batch, finance, mails_of):
    batch = sign(batch)
    export_payments(batch=batch, at=AT)
    payment = batch.payments.get()
    results = {payment.pk: Result(outcome="paid", value_date=dt.date(2026, 11, 24))}
    sent = mails_of(record_results, batch=batch, results=results, by=finance[0], at=AT)
    (mail,) = sent.pop("ada@example.com")
    assert "Ihre Zahlung für Oktober 2026 ist erfolgt" in mail.subject
    assert "auf das Konto mit den Endziffern 3000" in mail.body
    assert link_to(payment) in mail.body
    assert sent == {}


@pytest.mark.thorough
def test_author_is_not_told_of_a_bank_where_somebody_paid_by_hand(batch, finance, mails_of):
    payment = sign(batch).payments.get()
    proposal = propose_hand_payment(
        payment=payment, means="cash", paid_on=AT.date(), reason="No account", by=finance[0], at=AT
    )
    sent = mails_of(confirm_hand_payment, proposal=proposal, by=finance[1], at=AT)
    (mail,) = sent.pop("ada@example.com")
    assert "für Oktober 2026 wurde von Hand ausgeführt, nicht über die Bank." in mail.body
    assert "Konto" not in mail.body
    payment.refresh_from_db()
    facts = dict(write_month(MonthlyStatement(payment, at=AT)).facts)
    assert facts["Stand"] == "Bezahlt am 22. November 2026, von Hand"


@pytest.mark.thorough
def test_payment_by_hand_that_was_none_is_told_without_a_word_of_the_bank(batch, finance, mails_of):
    payment = sign(batch).payments.get()
    proposal = propose_hand_payment(
        payment=payment, means="cash", paid_on=AT.date(), reason="No account", by=finance[0], at=AT
    )
    facts = dict(write_month(MonthlyStatement(payment, at=AT)).facts)
    assert facts["Stand"] == (
        "Freigegeben; gilt als von Hand bezahlt, sobald eine zweite Person es bestätigt hat"
    )
    confirm_hand_payment(proposal=proposal, by=finance[1], at=AT)
    results = {payment.pk: ("failed", "Never handed over")}
    sent = mails_of(record_results, batch=batch, results=results, by=finance[0], at=AT)
    (mail,) = sent["ada@example.com"]
    assert "als von Hand ausgeführt vermerkt, wurde es aber nicht: Never handed over." in mail.body
    (mail,) = sent["fay@example.com"]
    assert "1 payment of October 2026 turned out not to be made by hand." in mail.body
    payment.refresh_from_db()
    facts = dict(write_month(MonthlyStatement(payment, at=AT)).facts)
    assert facts["Stand"] == (
        "Nicht von Hand bezahlt, wie sich am 22. November 2026 herausstellte: Never handed over"
    )
    assert facts["Noch offen"] == "12,34\N{NO-BREAK SPACE}€"
    for text in [*facts.values(), *(mail.body for mails in sent.values() for mail in mails)]:
        assert "Bank" not in text
        assert "bank" not in text


@pytest.mark.thorough
def test_failure_is_told_to_the_author_and_to_finance(batch, finance, mails_of):
    batch = sign(batch)
    export_payments(batch=batch, at=AT)
    payment = batch.payments.get()
    results = {payment.pk: ("failed", "Account closed")}
    sent = mails_of(record_results, batch=batch, results=results, by=finance[0], at=AT)
    (mail,) = sent["ada@example.com"]
    assert "ist gescheitert" in mail.subject
    assert "Account closed" in mail.body
    (mail,) = sent["fay@example.com"]
    assert "1 payment of October 2026 failed" in mail.subject
    assert f"/admin/billing/payoutbatch/{batch.pk}/change/" in mail.body
    assert "finn@example.com" not in sent  # who recorded it knows


def test_dispute_is_told_to_finance_and_its_answer_to_the_author(batch, author, finance, mails_of):
    line = batch.payments.get().lines.get()
    sent = mails_of(ask_about_line, line=line, author=author, text="Only these?", at=AT)
    assert set(sent) == {"finn@example.com", "fay@example.com"}
    dispute = author.disputes.get()
    (mail,) = sent["finn@example.com"]
    assert f"/admin/billing/dispute/{dispute.pk}/change/" in mail.body
    answer = {"outcome": "rejected", "text": "The counts are right.", "by": finance[0], "at": AT}
    sent = mails_of(answer_dispute, dispute=dispute, **answer)
    (mail,) = sent["ada@example.com"]
    assert "Ihre Frage zu einer Zeile ist beantwortet" in mail.subject
    assert link_to(batch.payments.get()) in mail.body


def test_question_that_is_taken_back_is_no_news(batch, author, mails_of):
    line = batch.payments.get().lines.get()
    dispute = ask_about_line(line=line, author=author, text="Only these?", at=AT)
    assert mails_of(withdraw_dispute, dispute=dispute, author=author, text="Right", at=AT) == {}


@pytest.mark.thorough
def test_who_has_left_gets_no_mail(batch, author, mails_of):
    submitted = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    author.is_active = False
    author.save()
    assert "ada@example.com" not in mails_of(approve, submitted, at=AT)
