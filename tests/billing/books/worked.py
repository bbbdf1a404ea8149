"""The books of two months: late views, an adjustment, a hold, a carry, a failure, a correction."""

import datetime as dt
from collections import Counter
from decimal import Decimal

from django.db import transaction

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.counts import add_to_counts
from billing.locks import Lock, hold_lock
from billing.models import Adjustment
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import end_hold, hold_payment
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_price,
    make_user,
    make_view_seal,
)

SEPTEMBER, OCTOBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1)
NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)


def at(month, day, hour=12):
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


def keep_books(**names):
    """Pay September and October, with a minimum of 10. Return the authors by key, and the batches.

    Ada earns 35.945 in September: 35.95 fails, and is corrected to paid. Bruno earns 8.5055 after
    an adjustment: it is carried, and paid with October's. Chiara's 49.995 are on hold, then paid.
    Six views of September come late for Ada in October, and five of Bruno's are taken away.
    """
    tech = make_category("Tech")
    make_price(tech, "15")
    names = {"Ada": "Ada", "Bruno": "Bruno", "Chiara": "Chiara"} | names
    authors = {key: make_user(key.lower(), first_name=name) for key, name in names.items()}
    blogs = {name: make_blog(author=authors[name], category=tech) for name in authors}
    finance, colleague = make_user("finn"), make_user("carla")
    make_count(blogs["Ada"], 2396, dt.date(2026, 9, 20))  # 35.94
    make_count(blogs["Bruno"], 701, dt.date(2026, 9, 14))  # 10.515
    make_count(blogs["Chiara"], 3333, dt.date(2026, 9, 5))  # 49.995
    adjustment = Adjustment(author=authors["Bruno"], amount=Decimal("-2.0095"), reason="Twice.")
    save_adjustment(adjustment=adjustment, by=finance, at=at(10, 4))
    extra = Adjustment(author=authors["Ada"], amount=Decimal("0.005"), reason="A remainder.")
    save_adjustment(adjustment=extra, by=finance, at=at(10, 4))
    september, _ = steps.build_batch(month=SEPTEMBER, at=at(10, 5))
    hold_payment(
        payment=september.payments.get(author=authors["Chiara"]), by=finance, reason="New bank."
    )
    steps.rebuild_batch(batch=september, by=finance, at=at(10, 5))
    september = steps.submit_batch(batch=september, by=finance, at=at(10, 5))
    september = approve(september, at=at(10, 5, hour=23))  # the 6th in Berlin
    export_payments(batch=september, by=finance, at=at(10, 7))
    ada = september.payments.get(author=authors["Ada"])
    record(september, ada, "failed", by=finance, when=at(10, 9))
    record(september, ada, "paid", by=colleague, when=at(11, 2))
    make_count(blogs["Ada"], 6, dt.date(2026, 9, 21))  # 0.09, late
    make_count(blogs["Ada"], 1000, dt.date(2026, 10, 1))  # 15
    make_count(blogs["Bruno"], 200, dt.date(2026, 10, 1))  # 3
    take_away(blogs["Bruno"], 5, dt.date(2026, 9, 14))  # -0.075
    end_hold(hold=authors["Chiara"].holds.get(), by=colleague, reason="It is right.")
    october, _ = steps.build_batch(month=OCTOBER, at=at(11, 5))
    october = steps.submit_batch(batch=october, by=finance, at=at(11, 5))
    october = approve(october, at=at(11, 6))
    export_payments(batch=october, by=finance, at=at(11, 7))
    return authors, september, october


def take_away(blog, views, day):
    with transaction.atomic():
        hold_lock(Lock.FOLD)
        key = blog.pk, blog.author_id, blog.category_id, day
        add_to_counts(Counter({key: -views}), seal=make_view_seal(day))


def record(batch, payment, outcome, *, by, when):
    reason = "The account is closed." if outcome == "failed" else "The bank was wrong."
    record_results(batch=batch, results={payment.pk: (outcome, reason)}, by=by, at=when)
