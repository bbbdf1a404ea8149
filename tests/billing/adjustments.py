"""Adjustments, as finance makes them."""

from decimal import Decimal

from billing.models import Adjustment, PayoutBatch
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from tests.billing.batches import AT, OCTOBER
from tests.factories import approve, make_blog, make_count, make_price, make_user

Status = PayoutBatch.Status


def make_adjustment(amount="5", *, author=None, by=None, reason="A correction"):
    adjustment = Adjustment(
        author=author or make_blog().author, amount=Decimal(amount), reason=reason
    )
    return save_adjustment(adjustment=adjustment, by=by or make_user(), at=AT)


def make_held_adjustment(status):
    """Make an adjustment in a batch of October, and move the batch to `status`."""
    blog = make_blog()
    make_price(blog.category, "10")
    make_count(blog, 1000)
    adjustment = make_adjustment(author=blog.author)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    if status == Status.CANCELLED:
        steps.cancel_batch(batch=batch, by=make_user(), reason="a test")
    if status in (Status.SUBMITTED, Status.APPROVED):
        batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    if status == Status.APPROVED:
        approve(batch, at=AT)
    return adjustment
