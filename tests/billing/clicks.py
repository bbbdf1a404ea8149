"""Views by the second, and the approval of their month."""

import datetime as dt

from billing.payouts import steps
from tests.billing.batches import AT
from tests.factories import (
    approve,
    make_click,
    make_user,
)

IN_SEPTEMBER = dt.datetime(2026, 9, 10, 10, tzinfo=dt.UTC)


def click(blog, *seconds, start, **facts):
    for second in seconds:
        make_click(blog, second, start=start, **facts)


def approve_month(month, at=AT):
    batch, _ = steps.build_batch(month=month, at=at)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=at)
    return approve(batch, at=at)
