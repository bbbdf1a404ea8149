"""Files of approved payments. Each is made once; handing it out again gives the same bytes.

After the payments comes the row “total”, and last the row “chain head”: the hash of the latest
seal of that time, and its number. `verify_payouts --head HASH` proves that nothing was rolled back
since then. A batch that was approved before there were seals says so, by the seal that an upgrade
made of it.
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
    """Return the file of an approved batch's payments, made and recorded on first use."""
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
            f"The batch of {batch} is approved, but nothing was ever sealed. Tell the "
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
    """Return what is paid, its total and the head of the chain as CSV (RFC 4180), UTF-8."""
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
    if head := chain_head():  # the approval's seal at least
        writer.writerow(["chain head", head.hash, f"seal {head.number}", "", "", ""])
    return text.getvalue().encode()
