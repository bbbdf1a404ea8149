import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.payouts import steps
from billing.payouts.acts.amounts import find_account_acts, find_hold_acts
from billing.payouts.acts.views import find_blog_acts
from billing.payouts.acts.window import find_period
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.factories import approve, make_blog, make_count, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

NOVEMBER, IN_DECEMBER = dt.date(2026, 11, 1), dt.datetime(2026, 12, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def batches():
    """September is approved, October a draft, November approved."""
    blog = make_blog()
    make_price(blog.category, "10")
    made = []
    for month in (SEPTEMBER, OCTOBER, NOVEMBER):
        make_count(blog, 1000, month)
        batch, _ = steps.build_batch(month=month, at=IN_DECEMBER)
        if month != OCTOBER:
            batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
            batch = approve(batch, at=IN_DECEMBER)
        made.append(batch)
    return made


def submission_of(batch):
    return batch.history.get(history_change_reason="Submitted").history_date


@pytest.mark.thorough
def test_acts_count_since_the_submission_of_the_last_approved_batch_before(batches):
    september, october, november = batches
    assert find_period(october)[1:] == (submission_of(september), AT, None)
    assert find_period(november)[1:] == (submission_of(september), AT, submission_of(november))


@pytest.mark.thorough
def test_acts_of_the_first_batch_count_from_the_beginning_to_its_own_submission(batches):
    september, *_ = batches
    assert find_period(september)[1:] == (None, None, submission_of(september))


@pytest.mark.parametrize("find", [find_blog_acts, find_hold_acts, find_account_acts])
def test_nothing_that_the_batch_pays_is_read_where_nobody_did_anything(batches, find):
    """Its 100,000 payments and a million lines took 600 MB."""
    period = find_period(batches[1])
    with CaptureQueriesContext(connection) as queries:
        assert list(find(period)) == []
    assert not [each["sql"] for each in queries if '"amount"' in each["sql"]]
