"""Payments by hand: two people, no file, and the only result without a file."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing.bank.by_hand import (
    confirm_hand_payment,
    propose_hand_payment,
    withdraw_hand_payment,
)
from billing.bank.exports import export_payments
from billing.bank.results.matching import match_results
from billing.bank.results.recording import record_results
from billing.books.accounts import Account
from billing.books.balances import find_balances
from billing.books.parts import Window
from billing.errors import FourEyesViolation, OwnMoney, ReasonRequired, WrongStatus
from billing.models import HandPayment, PaymentResult, PayoutBatch, Seal
from billing.payouts import steps
from billing.payouts.amounts import add_up_batch
from billing.verification import verify_payouts
from tests.billing.bank_files import read_file
from tests.billing.batches import AT, OCTOBER, Status, make_batch
from tests.factories import approve, make_blog, make_category, make_click, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def batch():
    """An approved batch of payments …-000001 to …-000003, of €1, €2 and €3, without a file."""
    category = make_category()
    make_price(category, "1000")
    for number in (1, 2, 3):
        blog = make_blog(category=category)
        for minute in range(number):
            make_click(blog, 60 * minute)
    draft, _ = steps.build_batch(month=OCTOBER, at=AT)
    return approve(steps.submit_batch(batch=draft, by=make_user(), at=AT), at=AT)


def first(batch):
    return batch.payments.order_by("reference").first()


def propose(payment, *, by=None, **values):
    facts = {"means": "cash", "paid_on": TODAY, "reason": "No account abroad yet"} | values
    return propose_hand_payment(payment=payment, by=by or make_user(), at=AT, **facts)


def pay(payment):
    return confirm_hand_payment(proposal=propose(payment), by=make_user(), at=AT)


def write(batch, *results, by=None):
    pks = batch.payments.order_by("reference").values_list("pk", flat=True)
    results = dict(zip(pks, results, strict=False))
    return record_results(
        batch=batch, results={pk: r for pk, r in results.items() if r}, by=by or make_user(), at=AT
    )


@pytest.mark.thorough
def test_payment_is_paid_once_a_second_person_confirms(batch):
    anna, bert = make_user(), make_user()
    proposal = propose(first(batch), by=anna)
    assert first(batch).status == "payable"
    with pytest.raises(FourEyesViolation, match="Somebody else has to confirm it"):
        confirm_hand_payment(proposal=proposal, by=anna, at=AT)
    confirm_hand_payment(proposal=proposal, by=bert, at=AT)
    result = PaymentResult.objects.get()
    assert (first(batch).status, result.outcome, result.by) == ("paid", "paid", bert)
    assert (result.value_date, result.by_hand) == (TODAY, proposal)
    assert '{"by_hand":["cash","No account abroad yet",' in result.seal.content
    assert verify_payouts().difference == ""


@pytest.mark.thorough
@pytest.mark.any_database
def test_nobody_proposes_or_confirms_what_pays_them(batch):
    payment = first(batch)
    with pytest.raises(OwnMoney):
        propose(payment, by=payment.author)
    with pytest.raises(OwnMoney):
        confirm_hand_payment(proposal=propose(payment), by=payment.author, at=AT)


@pytest.mark.thorough
@pytest.mark.any_database
def test_proposal_needs_a_reason_in_words_and_a_day_since_the_approval(batch):
    with pytest.raises(ReasonRequired):
        propose(first(batch), reason=" . ")
    for day in (TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)):
        with pytest.raises(WrongStatus, match="was paid on that day or later, and not after today"):
            propose(first(batch), paid_on=day)


@pytest.mark.any_database
@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.PAID])
def test_only_a_payment_of_an_approved_batch_is_made_by_hand(status):
    with pytest.raises(WrongStatus):
        propose(make_batch(status).payments.get())


@pytest.mark.thorough
@pytest.mark.any_database
def test_payment_that_a_file_pays_is_not_made_by_hand(batch):
    export_payments(batch=batch, at=AT)
    with pytest.raises(WrongStatus, match="the bank may pay"):
        propose(first(batch))


@pytest.mark.thorough
def test_file_leaves_out_what_is_paid_by_hand_or_proposed_so(batch):
    one, two, three = batch.payments.order_by("reference")
    pay(one)
    propose(two)
    export = export_payments(batch=batch, at=AT)
    assert (export.payment_count, export.total) == (1, 3)
    assert (export.left_out_count, export.left_out_total) == (2, 3)
    text = read_file(export).decode()
    assert (one.reference in text, two.reference in text) == (False, False)
    assert three.reference in text
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_proposal_that_is_taken_back_is_in_the_file(batch):
    proposal = propose(first(batch))
    withdraw_hand_payment(proposal=proposal, by=make_user(), reason="The cash box is empty", at=AT)
    assert export_payments(batch=batch, at=AT).payment_count == 3
    with pytest.raises(WrongStatus, match="taken back by now"):
        confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    assert verify_payouts().difference == ""


@pytest.mark.thorough
@pytest.mark.any_database
def test_only_one_of_two_proposals_and_of_two_confirmations_holds(batch):
    proposal = propose(first(batch))
    with pytest.raises(WrongStatus, match="proposed already"):
        propose(first(batch))
    confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    with pytest.raises(WrongStatus, match="confirmed by now"):  # a POST that is sent again
        confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    with pytest.raises(WrongStatus, match="confirmed by now"):
        withdraw_hand_payment(proposal=proposal, by=make_user(), reason="Never mind", at=AT)
    assert PaymentResult.objects.count() == 1


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize("result", [("failed", "Account closed"), ("paid", "")])
def test_bank_has_no_result_before_an_export(batch, result):
    with pytest.raises(WrongStatus, match="No file of October 2026 has been exported"):
        write(batch, result)
    pay(first(batch))
    with pytest.raises(WrongStatus, match="No file of October 2026 has been exported"):
        write(batch, None, result)


@pytest.mark.thorough
@pytest.mark.any_database
def test_bank_has_no_result_for_what_is_proposed_by_hand(batch):
    propose(first(batch))
    export_payments(batch=batch, at=AT)
    with pytest.raises(WrongStatus, match="is proposed as made by hand"):
        write(batch, ("paid", ""))
    others = match_results(batch=batch, rows=[], others_paid=True)
    assert len(others) == 2
    assert first(batch).pk not in others


@pytest.mark.thorough
def test_payment_by_hand_that_was_none_is_corrected_and_comes_back_with_the_next_batch(batch):
    payment, bert = first(batch), make_user()
    confirm_hand_payment(proposal=propose(payment), by=bert, at=AT)
    with pytest.raises(FourEyesViolation):
        write(batch, ("failed", "The receipt is forged"), by=bert)
    write(batch, ("failed", "The receipt is forged"))
    assert add_up_batch(batch).waiting.exact == 1
    export_payments(batch=batch, at=AT)
    write(batch, None, ("paid", ""), ("paid", ""))
    assert PayoutBatch.objects.with_state().get(pk=batch.pk).state == "Failed in part"
    assert verify_payouts().difference == ""
    write(batch, ("paid", "The receipt is good after all"))
    assert [result.by_hand_id for result in payment.results.all()] == [payment.by_hand.get().pk] * 3
    assert PayoutBatch.objects.with_state().get(pk=batch.pk).state == "Settled"
    assert verify_payouts().difference == ""


@pytest.mark.thorough
def test_books_post_it_apart_from_the_bank(batch):
    pay(first(batch))
    export_payments(batch=batch, at=AT)
    write(batch, None, ("paid", ""))
    window = Window(until=dt.date(9999, 1, 1), currency="EUR")
    balances = find_balances(window)
    sums = {a: sum(own[a] for own in balances.values()) for a in Account}
    assert (sums[Account.HAND], sums[Account.BANK]) == (-1_000_000, -2_000_000)
    assert sums[Account.CLEARING] == -3_000_000
    amounts = add_up_batch(batch)
    assert (amounts.paid.amount, amounts.by_hand.amount) == (Decimal(3), Decimal(1))


@pytest.mark.thorough
def test_batch_that_is_paid_by_hand_alone_is_settled_without_a_file(batch):
    for payment in batch.payments.all():
        pay(payment)
    assert PayoutBatch.objects.with_state().get(pk=batch.pk).state == "Settled"
    with pytest.raises(WrongStatus, match="Each payment of October 2026 has its result"):
        export_payments(batch=batch, at=AT)
    assert verify_payouts().difference == ""


def add_result(payment, **values):
    seal = Seal.objects.order_by("-number").first()
    facts = {"outcome": "paid", "by": make_user(), "at": AT} | values
    PaymentResult.objects.create(payment=payment, seal=seal, **facts)


def refuses(message, write):
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        write()


@pytest.mark.thorough
def test_database_refuses_results_that_are_neither_the_banks_nor_confirmed(batch):
    payment = first(batch)
    after_a_file = "only after a file with it was exported"
    refuses(after_a_file, lambda: add_result(payment))
    refuses(after_a_file, lambda: add_result(payment, outcome="failed", reason="Closed"))
    proposal = propose(payment)
    refuses("once a second person has confirmed it", lambda: add_result(payment, by_hand=proposal))
    export_payments(batch=batch, at=AT)
    refuses("billing: a payment", lambda: add_result(payment))
    other = batch.payments.order_by("reference").last()
    refuses("billing: a payment", lambda: add_result(other, by_hand=proposal))


@pytest.mark.thorough
def test_database_refuses_proposals_by_one_person_of_ones_own_or_of_what_is_exported(batch):
    payment = first(batch)
    facts = {
        "means": "cash", "paid_on": TODAY, "reason": "Why", "proposed_by": make_user(),
        "proposed_at": AT,
    }  # fmt: skip

    def add(**values):
        return HandPayment.objects.create(payment=payment, **facts | values)

    refuses("proposed first", lambda: add(confirmed_by=make_user(), confirmed_at=AT))
    refuses("a payment of their own", lambda: add(proposed_by=payment.author))
    proposal = propose(payment)

    def change(**values):
        HandPayment.objects.filter(pk=proposal.pk).update(**values)

    refuses("two_people", lambda: change(confirmed_by=proposal.proposed_by, confirmed_at=AT))
    refuses("a payment of their own", lambda: change(confirmed_by=payment.author, confirmed_at=AT))
    refuses("not changed otherwise", lambda: change(means="card"))
    refuses("never deleted", lambda: HandPayment.objects.filter(pk=proposal.pk).delete())
    confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    taken_back = {"withdrawn_by": make_user(), "withdrawn_at": AT, "withdrawal": "No"}
    refuses("withdrawn_by_somebody", lambda: change(**taken_back))
    payment = batch.payments.order_by("reference").last()
    export_payments(batch=batch, at=AT)
    refuses("once a file pays it", lambda: add())
