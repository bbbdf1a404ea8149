from billing.models.counts import (
    AccessLogImport,
    BlogView,
    DailyViewCount,
    MonthlyViewCount,
    ReaderSalt,
    RetiredViewTotal,
)
from billing.models.findings import Finding, RobotException
from billing.models.payouts import Payment, PaymentExport, PaymentLine, PayoutBatch
from billing.models.prices import CategoryPrice

__all__ = [
    "AccessLogImport",
    "BlogView",
    "CategoryPrice",
    "DailyViewCount",
    "Finding",
    "MonthlyViewCount",
    "Payment",
    "PaymentExport",
    "PaymentLine",
    "PayoutBatch",
    "ReaderSalt",
    "RetiredViewTotal",
    "RobotException",
]
