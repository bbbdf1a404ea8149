"""Files of approved payments. Each file is made once; every later export returns the same bytes.

The row “total” follows the payments. The last row, “chain head”, holds the hash and the number of
the latest seal at that time. `verify_payouts --head HASH` proves that nobody has rolled back a seal
since then. The file of a batch approved before seals existed names the seal that an upgrade made.
"""

import csv
import datetime as dt
import hashlib
import io
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.spreadsheets import guard_cell
from billing.errors import BatchTampered, WrongStatus
from billing.locks import hold_lock
from billing.models import PaymentExport, PayoutBatch, Seal
from billing.money import round_amount
from billing.periods import format_month
from billing.proof.sealing import append_seal, chain_head, find_upgrade_seal, make_handing_out

Status = PayoutBatch.Status

UPGRADED = "approved before seals"

COLUMNS = ["reference", "author", "username", "month", "amount", "currency"]


@transaction.atomic
def export_payments(
    *,
    batch: PayoutBatch,
    format: PaymentExport.Format = PaymentExport.Format.CSV,
    by: User | None = None,
    at: dt.datetime | None = None,
) -> PaymentExport:
    """Return the export of an approved batch. The first call makes and records it."""
    hold_lock("payouts")
    batch.refresh_from_db()
    if batch.status not in (Status.APPROVED, Status.PAID):
        raise WrongStatus(
            f"The batch of {batch} is {batch.get_status_display().lower()}. Payments are exported "
            f"once it is approved."
        )
    if export := batch.exports.filter(format=format).first():
        return export
    if chain_head() is None:
        raise BatchTampered(
            f"The batch of {batch} is approved, but the chain holds no seal. Tell the "
            "administrators: verify_payouts says what is missing."
        )
    at = at or timezone.now()
    content = _write_csv(batch)
    export = PaymentExport.objects.create(
        batch=batch,
        format=format,
        file_name=f"payments-{format_month(batch.month)}.{format}",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        by=by,
        at=at,
    )
    append_seal(batch=batch, kind=Seal.Kind.EXPORT, content=make_handing_out(export), at=at)
    return export


def _write_csv(batch: PayoutBatch) -> bytes:
    """Return payments, total and chain head as CSV (RFC 4180) in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    month = format_month(batch.month)
    total = Decimal(0)
    payments = (
        batch.payments.paying()
        .in_order()
        .values_list("reference", "author_name", "author__username", "amount")
    )
    for reference, name, username, amount in payments.iterator():
        total += amount
        names = guard_cell(name), guard_cell(username)
        writer.writerow([reference, *names, month, round_amount(amount), batch.currency])
    writer.writerow(["total", "", "", month, round_amount(total), batch.currency])
    if seal := find_upgrade_seal(batch):
        day = f"sealed on {timezone.localdate(seal.at)}"
        writer.writerow([UPGRADED, seal.hash, str(seal), day, "", ""])
    if head := chain_head():  # never None: the approval made a seal
        writer.writerow(["chain head", head.hash, f"seal {head.number}", "", "", ""])
    return text.getvalue().encode()
