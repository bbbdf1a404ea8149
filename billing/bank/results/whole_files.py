"""Answers of a bank to a whole file: they name no payment, and are about those in that file alone.

The bank names the file by our own message id. Where a portal gave it another name, its number of
payments and its sum have to tell which one it was.
"""

from collections.abc import Iterator
from decimal import Decimal

from billing.bank.results.registry import ResultRow
from billing.models import ExportedPayment, PaymentExport, PayoutBatch
from billing.money import format_amount

BY_HAND = "If it was a file of this batch, record the results by hand."


def find_file(row: ResultRow, batch: PayoutBatch) -> tuple[PaymentExport | None, str]:
    """Return the file of the batch that the row answers, or None and why nobody can tell."""
    named = PaymentExport.objects.filter(message_id=row.file).exclude(message_id="")
    if export := named.select_related("batch").defer("content").first():
        problem = _find_difference(row, export, batch)
        return (None, problem) if problem else (export, "")
    return _guess_file(row, batch)


def list_rows(row: ResultRow, export: PaymentExport) -> Iterator[ResultRow]:
    """Yield a row for each payment in the file. One query."""
    references = ExportedPayment.objects.filter(export=export).order_by("number")
    for reference in references.values_list("payment__reference", flat=True).iterator():
        yield ResultRow(row.number, reference, row.outcome, row.reason, noun=row.noun)


def _find_difference(row: ResultRow, export: PaymentExport, batch: PayoutBatch) -> str:
    if export.batch_id != batch.pk:
        return (
            f"the bank answers the whole file {row.file}, and that file is one of {export.batch}. "
            "Open that batch, and choose the answer there."
        )
    if row.of_all and row.of_all != export.payment_count:
        return (
            f"the bank answers a whole file, but {row.file} holds {export.payment_count:,} "
            f"payments, not {row.of_all:,}. Ask the bank, and record the results by hand."
        )
    if row.amount is not None and row.amount != export.total:
        total = format_amount(export.total or Decimal(0), currency=batch.currency)
        return (
            f"the bank answers a whole file, but {row.file} pays {total}, not {row.amount:f}. Ask "
            "the bank, and record the results by hand."
        )
    return ""


def _guess_file(row: ResultRow, batch: PayoutBatch) -> tuple[PaymentExport | None, str]:
    exports = [
        export
        for export in batch.exports.defer("content")
        if export.payment_count == row.of_all and row.amount in (None, export.total)
    ]
    if len(exports) == 1:
        return exports[0], ""
    told = f"{row.of_all:,} payments" if row.of_all else "no number of payments"
    found = f"{len(exports)} files of {batch} have" if exports else f"No file of {batch} has"
    return None, (
        f"the bank answers a whole file with {told}, and names none of them. {found} that number "
        f"and that sum. {BY_HAND}"
    )
