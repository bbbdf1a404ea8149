"""The largest amounts of lines, payments and batches: past them an entry is wrong, not a sum large.

Sums are checked in Python, which has no largest integer, before the database would refuse them
without a word that helps.
"""

from collections.abc import Iterable

from billing.errors import AmountTooLarge
from billing.models import Payment, PayoutBatch
from billing.money import (
    LARGEST_AMOUNT,
    LARGEST_BATCH,
    format_amount,
    from_millionths,
    to_millionths,
)
from billing.proof.digests import LineRecord

ADVICE = "Correct the price or the adjustment that is wrong, and build again."


def check_bounds(payment: Payment, lines: Iterable[LineRecord]) -> None:
    """Raise AmountTooLarge if a line, or their sum, is too large for a payment."""
    total = 0
    for line in lines:
        total += line.amount
        source = f"“{line.blog_title or line.note}”"
        _check(payment, line.amount, f"{line.views:,} views of {source}" if line.views else source)
    _check(payment, total, "the sum of all lines")


def _check(payment: Payment, millionths: int, source: str) -> None:
    if abs(millionths) > to_millionths(LARGEST_AMOUNT):
        currency = payment.batch.currency
        amount = format_amount(from_millionths(millionths), currency=currency)
        largest = format_amount(LARGEST_AMOUNT, currency=currency)
        raise AmountTooLarge(
            f"{payment.author_name} would get {amount} for {source}. A payment holds at most "
            f"{largest}. {ADVICE}"
        )


def check_total(batch: PayoutBatch, millionths: int) -> None:
    """Raise AmountTooLarge if the lines of a batch, each without its sign, are too much."""
    if millionths > to_millionths(LARGEST_BATCH):
        amount = format_amount(from_millionths(millionths), currency=batch.currency)
        largest = format_amount(LARGEST_BATCH, currency=batch.currency)
        raise AmountTooLarge(
            f"The lines of {batch} add up to {amount}. A batch holds at most {largest}. {ADVICE}"
        )
