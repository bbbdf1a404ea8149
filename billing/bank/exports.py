"""Files of approved payments. Each file is made once; every later export returns the same bytes.

A file made after some results came in leaves those payments out: the bank made them, or a later
batch pays them.
"""

import datetime as dt
import hashlib
import io

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from billing.bank.formats import find_format
from billing.errors import BatchTampered, FileRefused, NothingToPay, WrongStatus
from billing.locks import Lock, hold_lock
from billing.models import PaymentExport, PayoutBatch, Seal
from billing.payouts.untouched import check_signed
from billing.proof.sealing import append_seal, chain_head, make_handing_out
from billing.proof.traces import trace_rows

Status = PayoutBatch.Status


@transaction.atomic
def export_payments(
    *,
    batch: PayoutBatch,
    format: str = "csv",
    by: User | None = None,
    at: dt.datetime | None = None,
) -> PaymentExport:
    """Return the export of an approved batch. The first call makes, records and seals it.

    `format` is the key of a registered format. Raises UnknownFormat, WrongStatus, NothingToPay,
    FileRefused with what the format's check says, and BatchTampered.
    """
    hold_lock(Lock.PAYOUTS)
    batch.refresh_from_db()
    if batch.status not in (Status.APPROVED, Status.PAID):
        raise WrongStatus(
            f"The batch of {batch} is {batch.get_status_display().lower()}. Payments are exported "
            f"once it is approved."
        )
    if export := batch.exports.filter(format=format).first():
        return export
    if not batch.payments.above_zero().exists():
        raise NothingToPay(
            f"The batch of {batch} pays nothing: all of it is on hold or carried to the next "
            f"batch. So there is no file to make."
        )
    if not batch.payments.paying().exists():
        raise WrongStatus(
            f"Each payment of {batch} has its result: a file made now would pay nothing, or pay "
            "again. The files that were made before are on the page of the batch."
        )
    bank_format = find_format(format)
    if chain_head() is None:
        raise BatchTampered(
            f"The batch of {batch} is approved, but the chain holds no seal. Tell the "
            "administrators: verify_payouts says what is missing."
        )
    check_signed(batch)
    if problems := bank_format.check(batch):
        raise FileRefused(problems)
    at = at or timezone.now()
    stream = io.BytesIO()
    bank_format.write(stream, batch)
    content = stream.getvalue()
    export = PaymentExport.objects.create(
        batch=batch,
        format=bank_format.key,
        file_name=bank_format.file_name(batch),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        by=by,
        at=at,
        **_count_payments(batch),
    )
    trace_rows([export])
    append_seal(batch=batch, kind=Seal.Kind.EXPORT, content=make_handing_out(export), at=at)
    return export


def _count_payments(batch: PayoutBatch) -> dict:
    """Return how many payments the file hands out and leaves out, with their sums."""
    numbers = {"count": Count("pk"), "total": Sum("amount", default=0)}
    paying = batch.payments.paying().aggregate(**numbers)
    settled = batch.payments.settled().aggregate(**numbers)
    return {
        "payment_count": paying["count"],
        "total": paying["total"],
        "left_out_count": settled["count"],
        "left_out_total": settled["total"],
    }
