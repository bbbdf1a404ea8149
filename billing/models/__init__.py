from billing.models.counts import (
    AccessLogImport,
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    ReaderSalt,
)
from billing.models.payouts import Payment, PaymentExport, PaymentLine, PayoutBatch
from billing.models.prices import CategoryPrice

__all__ = [
    "AccessLogImport",
    "BlogView",
    "CategoryPrice",
    "DailyViewCount",
    "MonthlyViewCount",
    "Payment",
    "PaymentExport",
    "PaymentLine",
    "PayoutBatch",
    "ReaderSalt",
]
