"""A payout is killed with SIGKILL at every statement and COMMIT, and a rerun completes it."""

import contextlib
import datetime as dt
import itertools
import json
import signal
from decimal import Decimal

import pytest
from django.db import transaction

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.errors import WrongStatus
from billing.models import (
    Adjustment,
    BatchAttachment,
    BatchComment,
    Dispute,
    DisputeAnswer,
    HandPayment,
    Payment,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
    Seal,
    Trace,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import hold_payment
from tests.billing.bank_files import read_file
from tests.billing.counting.folds import Snapshot, all_counts
from tests.billing.killed_payouts import (
    AT,
    act_at_once,
    answer_with_an_adjustment,
    approve_october,
    ask_about_october,
    build,
    comment_with_files,
    confirm_by_hand,
    die_in,
    export_october,
    propose_by_hand,
    submit,
    withdraw_by_hand,
)
from tests.factories import approve, make_blog, make_click, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SEPTEMBER = dt.date(2026, 9, 1)
STEPS = [build, submit, approve_october]
# Of so many places to die at, a case tries one. Between them the cases die at every statement: to
# die after it, at an even place, is to die before the next.
STRIDE = 8


@pytest.fixture
def finance():
    """Whoever makes a September with a payment that failed, and what October has to take in."""
    finance = make_user()
    blogs = [make_blog() for _ in range(3)]
    for number, blog in enumerate(blogs):
        make_price(blog.category, "12.345")
        make_price(blog.category, "10", dt.date(2026, 10, 15))
        make_count(blog, 100 * number + 1, dt.date(2026, 9, 10))
    september, _ = steps.build_batch(month=SEPTEMBER, at=AT)
    hold_payment(payment=september.payments.first(), by=finance, reason="Asked for", at=AT)
    steps.submit_batch(batch=september, by=finance, at=AT)
    september = approve(september, at=AT)
    export_payments(batch=september, at=AT)
    failed = september.payments.payable().first()
    results = {failed.pk: ("failed", "Account closed")}
    record_results(batch=september, results=results, by=finance, at=AT)
    make_count(blogs[0], 7, dt.date(2026, 9, 11))
    for number, blog in enumerate(blogs):
        make_count(blog, 50, dt.date(2026, 10, 14))
        make_count(blog, 60 + number, dt.date(2026, 10, 15))
        make_click(blog)
    adjustment = Adjustment(author=blogs[1].author, amount=Decimal("2.5"), reason="A prize")
    save_adjustment(adjustment=adjustment, by=finance, at=AT)
    return finance


def facts():
    return {
        "batches": list(PayoutBatch.objects.values_list("month", "status", "digest")),
        "payments": list(
            Payment.objects.order_by("reference").values_list("reference", "status", "digest")
        ),
        "lines": list(
            PaymentLine.objects.order_by("payment__reference", "number").values_list("digest")
        ),
        "seals": [read_seal(seal) for seal in Seal.objects.order_by("number")],
        "steps": list(
            PayoutBatch.history.order_by("history_id").values_list("status", "history_user")
        ),
    }


def read_seal(seal):
    """Return its facts without the head of the traces: PostgreSQL gives no row's number twice."""
    facts = json.loads(seal.content)
    facts.pop("traces", None)
    return seal.number, seal.kind, facts


def rerun(act, person):
    """Return the result of a rerun, and undo it."""
    with transaction.atomic():
        with contextlib.suppress(WrongStatus):  # where it was killed after its COMMIT
            act(person)
        found = facts()
        transaction.set_rollback(True)
    return found


@pytest.mark.cases(1)
@pytest.mark.parametrize("begin", range(1, STRIDE, 2))
@pytest.mark.parametrize("act", STEPS)
def test_step_killed_at_any_statement_is_made_whole_by_a_rerun(act, begin, finance):
    people = {build: finance, submit: finance, approve_october: make_user()}
    for earlier in STEPS[: STEPS.index(act)]:
        earlier(people[earlier])
    untouched, expected = facts(), rerun(act, people[act])
    assert expected != untouched

    before, counts = Snapshot(), all_counts()
    for step in itertools.count(begin, STRIDE):
        exit_code = die_in(act, people[act], step)
        if facts() == expected:
            break
        assert exit_code == -signal.SIGKILL
        assert facts() == untouched, f"after the death at step {step}"
        if all_counts() != counts or step % 20 == begin:  # else the rerun starts as before
            assert rerun(act, people[act]) == expected, f"after the death at step {step}"
            before.restore()
    assert step > 40  # there were statements to die at
    assert rerun(act, people[act]) == expected


def facts_by_hand():
    hands = HandPayment.objects.values_list("proposed_by", "confirmed_by")
    return facts() | {"by hand": list(hands), "records": HandPayment.history.count()}


@pytest.fixture
def october(finance):
    """Whoever proposed a payment by hand of an approved October."""
    for step, person in ((build, finance), (submit, finance), (approve_october, make_user())):
        step(person)
    propose_by_hand(finance)
    return finance


@pytest.mark.thorough
def test_payment_by_hand_killed_at_any_statement_is_confirmed_and_paid_or_neither(october):
    untouched, second = facts_by_hand(), make_user()
    for step in itertools.count(1, 6):
        assert die_in(confirm_by_hand, second, step) in (0, -signal.SIGKILL)
        if facts_by_hand() != untouched:
            break
    hand = HandPayment.objects.get()
    assert (hand.confirmed_by, hand.payment.status) == (second, "paid")
    assert hand.results.get().by == second
    assert step > 30


WORDS = (
    HandPayment, HandPayment.history.model, Dispute, DisputeAnswer, Adjustment,
    Adjustment.history.model, BatchComment, BatchAttachment, Trace,
)  # fmt: skip


def count_words():
    return [model._base_manager.count() for model in WORDS]


@pytest.mark.parametrize(
    ("act", "added"),
    [
        pytest.param(withdraw_by_hand, [0, 1, 0, 0, 0, 0, 0, 0, 1], marks=pytest.mark.thorough),
        pytest.param(ask_about_october, [0, 0, 1, 0, 0, 0, 0, 0, 1], marks=pytest.mark.thorough),
        (answer_with_an_adjustment, [0, 0, 0, 1, 1, 1, 0, 0, 2]),
        pytest.param(comment_with_files, [0, 0, 0, 0, 0, 0, 1, 2, 3], marks=pytest.mark.thorough),
    ],
)
def test_words_about_a_batch_that_are_killed_at_any_statement_are_whole_or_not_there(
    october, act, added
):
    author = Payment.objects.get(reference="202610-1-000001").author
    if act == answer_with_an_adjustment:
        ask_about_october(author)
    person = author if act == ask_about_october else make_user()
    untouched, deaths = count_words(), 0
    whole = [before + more for before, more in zip(untouched, added, strict=True)]
    for step in itertools.count(1, 4):
        deaths += die_in(act, person, step) == -signal.SIGKILL
        if count_words() == whole:
            break
        assert count_words() == untouched, f"after the death at step {step}"
    assert deaths > 3


def test_of_many_who_confirm_at_once_one_pays_and_a_file_leaves_it_out(october):
    told = act_at_once(confirm_by_hand, [make_user() for _ in range(4)])
    assert sorted(map(bool, told)) == [False, True, True, True]
    assert all("confirmed by now" in answer for answer in told if answer)
    export_october(october)
    reference = HandPayment.objects.get().payment.reference
    export = PaymentExport.objects.get(batch__month=dt.date(2026, 10, 1))
    assert reference not in read_file(export).decode()
