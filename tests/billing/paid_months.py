"""Paid months, from the views to the bank's results."""

import datetime as dt
from decimal import Decimal

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.folding import fold_views
from billing.models import Adjustment
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from tests.factories import approve, make_blog, make_category, make_click, make_price, make_user

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


def pay_two_months():
    """Two paid months, with a price that changed, an adjustment, and a payment that failed."""
    tech, sports = make_category("Tech"), make_category("Sports")
    make_price(tech, "15")
    make_price(tech, "18", dt.date(2026, 9, 15))
    make_price(sports, "10")
    blogs = [
        make_blog(category=category, title=title)
        for category, title in ((tech, "=1+1"), (sports, "'quoted'"), (tech, "Tides"))
    ]
    for blog in blogs:
        for month, day in ((9, 3), (9, 15), (9, 20), (10, 1), (10, 31)):
            make_views(blog, dt.date(2026, month, day), 4)
    adjustment = Adjustment(author=blogs[0].author, amount=Decimal(-5), reason="Paid twice.")
    save_adjustment(adjustment=adjustment, by=make_user())
    fold_views()
    september = pay(SEPTEMBER, at=dt.datetime(2026, 10, 12, tzinfo=dt.UTC), failed=True)
    make_views(blogs[1], dt.date(2026, 9, 29), 3)
    october = pay(OCTOBER, at=dt.datetime(2026, 11, 12, tzinfo=dt.UTC))
    return september, october
