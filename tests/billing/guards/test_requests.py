# ruff: noqa: S608
"""What was asked of a batch, and the answer, as the database itself holds them."""

import pytest
from django.db import IntegrityError

from billing.models import PayoutBatch
from billing.payouts import steps
from billing.payouts.requests import recall_batch
from tests.billing.batches import AT, make_batch
from tests.billing.guarded import execute, refuses
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

RECORD = PayoutBatch.history.model
DRAFT = {
    "digest": "''", "submitted_by_id": "NULL", "submitted_at": "NULL", "status": "'draft'",
}  # fmt: skip


def follow(batch, *, by, reason, **values):
    """Return the statement that adds a record like the last one, but for these values."""
    columns = [field.column for field in RECORD._meta.concrete_fields]
    new = {
        "history_user_id": str(by.pk) if by else "NULL",
        "history_change_reason": f"'{reason}'",
        "history_type": "'~'",
        "history_id": "(SELECT MAX(history_id) + 1 FROM billing_historicalpayoutbatch)",
        **values,
    }
    return (
        f"INSERT INTO billing_historicalpayoutbatch ({', '.join(columns)}) "
        f"SELECT {', '.join(new.get(column, column) for column in columns)} "
        f"FROM billing_historicalpayoutbatch WHERE history_id = {batch.history.first().pk}"
    )


@pytest.fixture
def finance():
    return make_user("finn")


@pytest.fixture
def submitted(finance):
    return make_batch("submitted", submitter=finance)


def test_history_says_that_the_submitter_recalled(submitted, finance):
    other = make_user()
    recalled = "Recalled: A hold is missing"
    assert refuses(follow(submitted, by=other, reason=recalled, **DRAFT))
    assert refuses(follow(submitted, by=None, reason=recalled, **DRAFT))
    assert refuses(follow(submitted, by=finance, reason="Rebuilt", **DRAFT))
    assert refuses(follow(submitted, by=finance, reason=recalled))
    assert not refuses(follow(submitted, by=finance, reason=recalled, **DRAFT))


@pytest.mark.thorough
def test_history_says_who_returned_it_and_why(submitted):
    ines, asked = make_user("ines"), {"return_reason": "'Check Ada'"}
    assert refuses(follow(submitted, by=ines, reason="Returned: ", **DRAFT))
    assert refuses(follow(submitted, by=ines, reason="Returned: Check Bo", **DRAFT, **asked))
    assert refuses(follow(submitted, by=None, reason="Returned: Check Ada", **DRAFT, **asked))
    assert not refuses(follow(submitted, by=ines, reason="Returned: Check Ada", **DRAFT, **asked))


@pytest.mark.parametrize("status", ["draft", "approved", "paid", "cancelled"])
def test_only_a_submitted_batch_is_recalled(status, finance):
    batch = make_batch(status, submitter=finance)
    assert refuses(follow(batch, by=finance, reason="Recalled: Too late", **DRAFT))


def test_returned_batch_is_answered(submitted, finance):
    batch = steps.return_batch(batch=submitted, by=make_user(), reason="Check Ada")
    sent = {"status": "'submitted'", "submitted_by_id": str(finance.pk), "return_reason": "''"}
    assert refuses(follow(batch, by=finance, reason="Submitted", **sent))
    assert refuses(follow(batch, by=finance, reason="Submitted. Answer:  ", **sent))
    assert not refuses(follow(batch, by=finance, reason="Submitted. Answer: She is", **sent))


@pytest.mark.thorough
def test_what_was_asked_is_not_taken_away(submitted, finance):
    batch = steps.return_batch(batch=submitted, by=make_user(), reason="Check Ada")
    assert refuses("UPDATE billing_payoutbatch SET return_reason = ''")
    assert refuses(follow(batch, by=finance, reason="Rebuilt", return_reason="''"))
    batch = steps.rebuild_batch(batch=batch, by=finance, at=AT)
    assert batch.return_reason == "Check Ada"
    assert refuses(follow(batch, by=finance, reason="Submitted", status="'submitted'"))


def test_batch_that_goes_back_bears_no_signature(submitted):
    back = "UPDATE billing_payoutbatch SET status = 'draft'"
    assert refuses(back)
    assert refuses(f"{back}, digest = ''")
    assert refuses(f"{back}, digest = '', submitted_by_id = NULL")
    assert not refuses(f"{back}, digest = '', submitted_by_id = NULL, submitted_at = NULL")


def test_history_goes_on_at_its_end(submitted, finance):
    recall_batch(batch=submitted, by=finance, reason="A hold is missing")
    first = submitted.history.last().pk
    early = follow(submitted, by=finance, reason="Rebuilt", history_id=str(first - 1))
    with pytest.raises(IntegrityError, match="billing: a history goes on at its end"):
        execute(early)
