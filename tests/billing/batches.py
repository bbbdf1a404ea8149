"""A batch of October 2026, moved through its steps by people."""

import datetime as dt

from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.models import PayoutBatch
from billing.payouts import steps
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_count,
    make_price,
    make_user,
)

OCTOBER = dt.date(2026, 10, 1)
SEPTEMBER = dt.date(2026, 9, 1)
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
Status = PayoutBatch.Status
PAST_DRAFT = (Status.SUBMITTED, Status.APPROVED, Status.PAID)


def make_batch(status=Status.DRAFT, *, submitter=None, approver=None, views=1000, price="10"):
    """Make a batch of October with one payment, and move it to `status` by people's steps."""
    category = make_category()
    make_price(category, price)
    make_count(make_blog(category=category), views)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    if status == Status.CANCELLED:
        return steps.cancel_batch(batch=batch, by=make_user(), reason="a test")
    if status in PAST_DRAFT:
        batch = steps.submit_batch(batch=batch, by=submitter or make_user(), at=AT)
    if status in PAST_DRAFT[1:]:
        batch = approve(batch, by=approver, at=AT)
    if status == Status.PAID:
        export_payments(batch=batch, at=AT)
        results = {payment.pk: ("paid", "") for payment in batch.payments.all()}
        batch = record_results(batch=batch, results=results, by=make_user(), at=AT)
    return batch


def make_exported_batch():
    """Make an exported batch of payments …-000001 to …-000003, of €1, €2 and €3."""
    category = make_category()
    make_price(category, "10")
    for number in (1, 2, 3):
        make_count(make_blog(category=category), number * 100)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    export_payments(batch=batch, at=AT)
    return batch
