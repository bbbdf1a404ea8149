"""Months that are paid, from the views to the bank's results."""

import datetime as dt

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.payouts import steps
from tests.factories import approve, make_click, make_user

SEPTEMBER = dt.date(2026, 9, 1)
OCTOBER = dt.date(2026, 10, 1)


def make_views(blog, day, number):
    start = dt.datetime.combine(day, dt.time(10), tzinfo=dt.UTC)
    for n in range(number):
        make_click(blog, n, start=start, ip_address=f"192.0.2.{n}")


def pay(month, *, at, failed=False):
    batch, _ = steps.build_batch(month=month, at=at)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=at)
    batch = approve(batch, at=at)
    export_payments(batch=batch, at=at)
    results = {payment.pk: ("paid", "") for payment in batch.payments.payable()}
    if failed:
        results[min(results)] = ("failed", "The account is closed.")
    return record_results(batch=batch, results=results, by=make_user(), at=at)
