"""Rows of batches made without people's steps, and the flag that they raise."""

import datetime as dt
from decimal import Decimal

from billing.models import (
    Finding,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from billing.payouts.batch_checks import FLAGGING_CHECKS, INEXACT, find_flags, look_up
from tests.factories import make_user

OCTOBER = dt.date(2026, 10, 1)
Status = Payment.Status
KEPT_BACK = {"amount": 0, "carried_amount": 5, "status": Status.CARRIED}


def make_batch(month=OCTOBER, **values):
    values = {"currency": "EUR", "time_zone": "Europe/Berlin"} | values
    built_at = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    return PayoutBatch.objects.create(month=month, built_at=built_at, **values)


def make_payment(batch, author=None, amount="10", **values):
    author = author or make_user()
    number = Payment.objects.count() + 1
    values = {"author_name": author.username, "amount": Decimal(amount), "rounding": 0} | values
    return Payment.objects.create(batch=batch, author=author, reference=f"r{number}", **values)


def make_views_line(payment, blog, price, **values):
    return PaymentLine.objects.create(
        payment=payment,
        number=payment.lines.count() + 1,
        blog=blog,
        category=blog.category,
        price=price,
        month=OCTOBER,
        views=1000,
        price_per_1000=price.price_per_1000,
        amount=price.price_per_1000,
        **values,
    )


def make_finding(blog, month=OCTOBER, **values):
    return Finding.objects.create(
        kind=Finding.Kind.SPIKE,
        month=month,
        blog=blog,
        author=blog.author,
        fingerprint=str(Finding.objects.count()),
        views=300,
        numbers={"before": 100},
        found_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        **values,
    )


def flag_of(batch, code):
    found = {flag.code: flag for flag in find_flags(batch)}
    looked_up = look_up(FLAGGING_CHECKS, batch)  # which counts the flags where nobody reads them
    for each in looked_up:
        is_exact = not each.startswith("payee") and each not in INEXACT
        assert not is_exact or looked_up[each] == (each in found), each
    return found.get(code)
