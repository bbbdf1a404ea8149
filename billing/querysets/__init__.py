"""Reading many rows: what models are asked for, as phrases. One module for each noun."""

from billing.querysets.adjustments import AdjustmentQuerySet, DisputeQuerySet, HoldQuerySet
from billing.querysets.batches import PayoutBatchQuerySet
from billing.querysets.payments import PaymentLineQuerySet, PaymentQuerySet, match_amounts
from billing.querysets.views import (
    BlogViewQuerySet,
    CategoryPriceQuerySet,
    DailyViewCountQuerySet,
)

__all__ = [
    "AdjustmentQuerySet",
    "BlogViewQuerySet",
    "CategoryPriceQuerySet",
    "DailyViewCountQuerySet",
    "DisputeQuerySet",
    "HoldQuerySet",
    "PaymentLineQuerySet",
    "PaymentQuerySet",
    "PayoutBatchQuerySet",
    "match_amounts",
]
