from collections import Counter

import pytest

from billing.models import PayoutBatch, Trace, TraceSeal, Verification
from billing.payouts import steps
from billing.payouts.requests import recall_batch
from billing.proof.traces import adopt_rows
from billing.verification.differences import Difference
from billing.verification.histories import check_histories
from tests.billing.batches import AT, make_batch
from tests.billing.tampering import change, clear
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def answered_for_all(shared_rows):
    """The number of the batch of `answered`."""
    finance = make_user("finn")
    batch = make_batch("submitted", submitter=finance)
    batch = recall_batch(batch=batch, by=finance, reason="A hold is missing")
    batch = steps.submit_batch(batch=batch, by=finance, at=AT)
    batch = steps.return_batch(batch=batch, by=make_user("ines"), reason="Check Ada")
    batch = steps.rebuild_batch(batch=batch, by=finance, at=AT)
    return steps.submit_batch(batch=batch, by=finance, answer="She is right", at=AT).pk


@pytest.fixture
def answered(answered_for_all):
    """A batch that was submitted, recalled, submitted, returned, rebuilt, and answered."""
    return PayoutBatch.objects.get(pk=answered_for_all)


def find_difference():
    try:
        check_histories(Verification(), "", "", Counter())
    except Difference as difference:
        return str(difference)
    return ""


def forge(batch, number, **values):
    """Change a record, the first being 0, and the batch with it where it is the last one."""
    records = list(batch.history.order_by("history_id"))
    record = records[number]
    change(PayoutBatch.history.filter(pk=record.pk), **values)


def test_what_was_asked_and_answered_is_as_it_was(answered):
    assert find_difference() == ""


BUILT, SUBMITTED, RECALLED, AGAIN, RETURNED, REBUILT, ANSWERED = range(7)
FORGERIES = {
    "nobody recalled it": (RECALLED, {"history_user": None}, "recalled the batch"),
    "without a word": (RECALLED, {"history_change_reason": "Rebuilt"}, "takes the batch back"),
    "recalled a draft": (REBUILT, {"history_change_reason": "Recalled: x"}, "only a submitted"),
    "returned by nobody": (RETURNED, {"history_user": None}, "takes the batch back"),
    "for another reason": (RETURNED, {"return_reason": "Check Bo"}, "takes the batch back"),
    "no longer asked": (REBUILT, {"return_reason": ""}, "says that “” was asked"),
    "not answered": (ANSWERED, {"history_change_reason": "Submitted"}, "“Check Ada” was asked"),
    "answered with nothing": (
        ANSWERED, {"history_change_reason": "Submitted. Answer: ."}, "“Check Ada” was asked",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_another_story_is_named(answered, name):
    number, values, words = FORGERIES[name]
    forge(answered, number, **values)
    assert words in find_difference()


@pytest.mark.thorough
def test_somebody_else_recalled_it(answered):
    forge(answered, RECALLED, history_user=make_user("fay"))
    assert "had submitted it" in find_difference()


def test_batch_that_went_back_bears_no_signature(answered):
    forge(answered, RETURNED, digest="d")
    assert "bears a signature" in find_difference()


@pytest.mark.thorough
def test_what_was_submitted_before_answers_were_asked_for_stands(answered):
    forge(answered, ANSWERED, history_change_reason="Submitted")
    clear(Trace, TraceSeal)
    adopt_rows(at=answered.history.first().history_date.replace(year=2030))
    assert find_difference() == ""
