"""A payout is killed with SIGKILL at every statement and COMMIT, and a rerun completes it."""

import contextlib
import datetime as dt
import itertools
import json
import signal
from decimal import Decimal

import pytest
from django.db import transaction

from billing.bank.results.recording import record_results
from billing.errors import WrongStatus
from billing.models import Adjustment, Payment, PaymentLine, PayoutBatch, Seal
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import hold_payment
from tests.billing.counting.folds import Snapshot, all_counts
from tests.billing.killed_payouts import AT, approve_october, build, die_in, submit
from tests.factories import approve, make_blog, make_click, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SEPTEMBER = dt.date(2026, 9, 1)
STEPS = [build, submit, approve_october]


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


@pytest.mark.parametrize("act", STEPS)
def test_step_killed_at_any_statement_is_made_whole_by_a_rerun(act, finance):
    people = {build: finance, submit: finance, approve_october: make_user()}
    for earlier in STEPS[: STEPS.index(act)]:
        earlier(people[earlier])
    untouched, expected = facts(), rerun(act, people[act])
    assert expected != untouched

    before, counts = Snapshot(), all_counts()
    for step in itertools.count(1, 2):  # to die after a statement is to die before the next
        assert die_in(act, people[act], step) == -signal.SIGKILL
        if facts() == expected:
            break
        assert facts() == untouched, f"after the death at step {step}"
        if all_counts() != counts or step % 20 == 1:  # else the rerun starts where the first did
            assert rerun(act, people[act]) == expected, f"after the death at step {step}"
            before.restore()
    assert step > 40  # there were statements to die at
    assert rerun(act, people[act]) == expected
