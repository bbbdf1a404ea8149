"""Checks that what a batch left out for want of a price had none when the batch was signed.

A line on a day without a price is found by billing.verification.lines.
"""

import datetime as dt
from collections import Counter

from billing.models import CategoryPrice, PayoutBatch, Verification
from billing.verification.decisions import find_submission
from billing.verification.differences import Difference
from weblog.models import Category


def check_left_out(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """Check that each category left out lacked a price on days of the month, by the histories."""
    batch = PayoutBatch.objects.get(pk=key)
    if (at := find_submission(batch)) is None:
        return
    for category in batch.left_out_categories:
        first = _find_first_day(category, at)
        if first and first <= batch.month:
            raise Difference(
                batch,
                f"leaves out views of {Category.objects.get(pk=category)} for want of a price",
                f"it had one from {first} on",
            )
        numbers["categories left out"] += 1


def _find_first_day(category: int, at: dt.datetime) -> dt.date | None:
    """Return the first day of the category's prices as they stood at `at`."""
    records = CategoryPrice.history.filter(category=category, history_date__lt=at)
    latest = {record.id: record for record in records.order_by("history_id")}
    standing = [row.effective_from for row in latest.values() if row.history_type != "-"]
    return min(standing, default=None)
