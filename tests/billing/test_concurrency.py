"""What happens at the same moment. Real transactions, on the database that the run uses."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from billing import payouts
from billing.counting import fold_views, record_view
from billing.errors import BillingError, WrongStatus
from billing.locks import hold_lock
from billing.models import BlogView, DailyViewCount, Payment, PayoutBatch
from tests.billing.test_payouts import AT, OCTOBER, make_batch
from tests.factories import make_blog, make_count, make_price, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def at_once(act, number=8):
    """Run `act(n)` in that many threads that start together; return results and errors."""
    barrier = Barrier(number)

    def run(n):
        try:
            barrier.wait()
            return act(n)
        except BillingError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_eight_builds_at_once_leave_one_batch():
    for _ in range(3):
        blog = make_blog()
        make_price(blog.category, "10")
        make_count(blog, 1000)
    results = at_once(lambda n: payouts.build_batch(month=OCTOBER, at=AT))
    assert sorted(is_new for _, is_new in results) == [False] * 7 + [True]
    assert PayoutBatch.objects.count() == 1
    assert Payment.objects.count() == 3


def test_of_eight_approvals_at_once_one_wins_and_seven_are_told():
    batch = make_batch(PayoutBatch.Status.SUBMITTED)
    approvers = [make_user() for _ in range(8)]
    results = at_once(lambda n: payouts.approve_batch(batch=batch, by=approvers[n]))
    refused = [result for result in results if isinstance(result, WrongStatus)]
    assert len(refused) == 7
    assert "is approved by now" in str(refused[0])
    assert batch.history.filter(status="approved").count() == 1


def test_simultaneous_clicks_of_one_reader_count_once_and_folds_do_not_double():
    blog = make_blog()
    clicked_at = AT - dt.timedelta(hours=1)
    at_once(
        lambda n: record_view(
            blog=blog, viewed_at=clicked_at, ip_address="192.0.2.1", user_agent=FIREFOX, user=None
        )
    )
    at_once(lambda n: fold_views(at=AT))
    assert BlogView.objects.count() == 8
    assert DailyViewCount.objects.get().views == 1


def test_lock_needs_a_transaction():
    with pytest.raises(RuntimeError, match="needs a transaction"):
        hold_lock("payouts")
    with transaction.atomic():
        hold_lock("payouts")
