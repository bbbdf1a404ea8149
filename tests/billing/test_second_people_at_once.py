"""What takes one person more is done once, however many press the button at the same moment."""

from decimal import Decimal

import pytest

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import export_payments
from billing.errors import BillingError
from billing.models import (
    BatchComment,
    DisputeAnswer,
    ExportedPayment,
    HandPayment,
    PayeeDetails,
    PaymentResult,
)
from billing.payees.changes import enter_own_details
from billing.payouts.comments import add_comment
from billing.payouts.disputes import answer_dispute, ask_about_line
from tests.billing.at_once import at_once
from tests.billing.batches import AT, Status, make_batch
from tests.factories import describe_payee, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NUMBER = 8


def propose(payment, by):
    return propose_hand_payment(
        payment=payment, means="cash", paid_on=AT.date(), reason="No bank", by=by, at=AT
    )


def done(answers):
    return [one for one in answers if not isinstance(one, BillingError)]


def test_payment_by_hand_is_proposed_and_confirmed_once():
    payment = make_batch(Status.APPROVED).payments.get()
    people = [make_user() for _ in range(NUMBER)]
    (hand,) = done(at_once(lambda n: propose(payment, people[n]), NUMBER))
    others = [person for person in people if person.pk != hand.proposed_by_id]
    confirmed = at_once(
        lambda n: confirm_hand_payment(proposal=hand, by=others[n], at=AT), len(others)
    )
    assert len(done(confirmed)) == 1
    assert PaymentResult.objects.count() == HandPayment.objects.count() == 1


@pytest.mark.thorough
def test_payment_is_in_a_file_or_paid_by_hand_and_never_both():
    payment = make_batch(Status.APPROVED).payments.get()
    people = [make_user() for _ in range(NUMBER)]

    def act(n):
        if n % 2:
            return propose(payment, people[n])
        return export_payments(batch=payment.batch, at=AT)

    at_once(act, NUMBER)
    assert HandPayment.objects.count() + ExportedPayment.objects.count() == 1


def test_dispute_is_answered_once():
    payment = make_batch().payments.get()
    dispute = ask_about_line(
        line=payment.lines.get(), author=payment.author, text="Why so few?", at=AT
    )
    people = [make_user() for _ in range(NUMBER)]
    answers = at_once(
        lambda n: answer_dispute(
            dispute=dispute,
            outcome="accepted",
            amount=Decimal("5.00"),
            text="You are right",
            by=people[n],
            at=AT,
        ),
        NUMBER,
    )
    assert len(done(answers)) == DisputeAnswer.objects.count() == 1
    assert payment.author.adjustments.count() == 1


def test_clicks_of_one_person_keep_one_comment_and_one_version():
    batch, author = make_batch(), make_user()
    at_once(lambda n: add_comment(batch=batch, text="Look here", by=author, at=AT), NUMBER)
    assert BatchComment.objects.count() == 1
    entered = at_once(
        lambda n: enter_own_details(author=author, kind="person", data=describe_payee(), at=AT),
        NUMBER,
    )
    assert len({details.pk for details in done(entered)}) == 1
    assert PayeeDetails.objects.filter(withdrawn_at=None).count() == 1
