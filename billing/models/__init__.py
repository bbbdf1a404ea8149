"""What is stored: views and their counts, prices, batches with their payments and lines, seals.

Constraints hold what is true of one row, triggers (billing.guards) what must never change. Rows are
changed by the rooms alone. Start with counts, then batches and payments.
"""

from billing.models.access_logs import AccessLogImport, LogLineKey
from billing.models.acts import BatchAct
from billing.models.adjustments import Adjustment, Hold
from billing.models.alarms import OutstandingAlarm
from billing.models.bank_tables import BankTable
from billing.models.batches import PayoutBatch
from billing.models.books import BooksExport
from billing.models.category_counts import DailyCategoryCount
from billing.models.comments import BatchAttachment, BatchComment
from billing.models.counts import (
    BlogView,
    DailyViewCount,
    LostViewTotal,
    MonthlyViewCount,
    ReaderSalt,
    RetiredViewTotal,
)
from billing.models.disputes import Dispute, DisputeAnswer
from billing.models.exports import ExportDownload, ExportedPayment, PaymentExport
from billing.models.findings import Finding, RobotException
from billing.models.hand_payments import HandPayment
from billing.models.paid_payees import PaidPayee
from billing.models.payees import Payee, PayeeAuthor, PayeeDetails, PayeeLook, PayeeSecret
from billing.models.payments import Payment, PaymentLine
from billing.models.prices import CategoryPrice
from billing.models.seals import Acknowledgement, PaymentResult, Seal
from billing.models.streams import StreamPosition, WriterDay
from billing.models.traces import Trace, TraceSeal
from billing.models.verifications import Verification
from billing.models.view_seals import ViewSeal

__all__ = [
    "TRACKED",
    "AccessLogImport",
    "Acknowledgement",
    "Adjustment",
    "BankTable",
    "BatchAct",
    "BatchAttachment",
    "BatchComment",
    "BlogView",
    "BooksExport",
    "CategoryPrice",
    "DailyCategoryCount",
    "DailyViewCount",
    "Dispute",
    "DisputeAnswer",
    "ExportDownload",
    "ExportedPayment",
    "Finding",
    "HandPayment",
    "Hold",
    "LogLineKey",
    "LostViewTotal",
    "MonthlyViewCount",
    "OutstandingAlarm",
    "PaidPayee",
    "Payee",
    "PayeeAuthor",
    "PayeeDetails",
    "PayeeLook",
    "PayeeSecret",
    "Payment",
    "PaymentExport",
    "PaymentLine",
    "PaymentResult",
    "PayoutBatch",
    "ReaderSalt",
    "RetiredViewTotal",
    "RobotException",
    "Seal",
    "StreamPosition",
    "Trace",
    "TraceSeal",
    "Verification",
    "ViewSeal",
    "WriterDay",
]

# What people edit: each has a history, which is guarded and verified.
TRACKED = (
    PayoutBatch,
    CategoryPrice,
    Adjustment,
    Hold,
    HandPayment,
    Finding,
    RobotException,
    Payee,
    PayeeAuthor,
    PayeeDetails,
    PayeeLook,
    ExportDownload,
)
