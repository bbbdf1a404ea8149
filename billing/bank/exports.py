"""Files of approved payments. A payment is in one file; a file is made once, and again the same.

What stands in a file is recorded payment by payment, with its SHA-256, and sealed. The file itself
is not kept: it is written again from what is sealed, and compared. So no account stands in the
database in clear. A payment that failed is issued again as a payment of a later batch, under a new
reference.
"""

import datetime as dt
import hashlib
import tempfile
from decimal import Decimal
from itertools import batched
from typing import Any, BinaryIO, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from backoffice.signing import save_signed
from billing.bank.choosing import Choice, choose_payments
from billing.bank.formats import BankFormat, find_format
from billing.bank.orders import BankFile, in_coins
from billing.errors import (
    BatchOutdated,
    BatchTampered,
    FileChanged,
    FileRefused,
    NothingToPay,
    WrongStatus,
)
from billing.locks import Lock, hold_lock
from billing.models import ExportDownload, ExportedPayment, PaymentExport, PayoutBatch, Seal
from billing.money import to_millionths
from billing.payees.kept_settings import keep_settings, read_settings
from billing.payouts.untouched import check_signed
from billing.proof.sealing import append_seal, chain_head, make_handing_out, name_batch
from billing.proof.traces import trace_rows

Status = PayoutBatch.Status

RENAMED = (
    " This batch is from before usernames were stored with payments, so its file names today’s: "
    "one of them was renamed or made anonymous since. References, names and amounts are unchanged, "
    "and the evidence pack proves them: pay by the file that you took then, or by the list of "
    "payments."
)
IN_MEMORY = 5_000_000  # bytes; a larger file waits on the disk until it is sent
ROWS_AT_A_TIME = 5_000


@transaction.atomic
def export_payments(
    *,
    batch: PayoutBatch,
    format: str = "csv",
    seen: str = "",
    by: User | None = None,
    at: dt.datetime | None = None,
) -> PaymentExport:
    """Make, record and seal a file of the payments that are in none yet and that the format takes.

    Return it; if no payment waits, the latest file in that format. `format` is the key of a
    registered format, `seen` what a preview showed. Raises UnknownFormat, WrongStatus,
    NothingToPay, FileRefused with what stands in the way, BatchOutdated and BatchTampered.
    """
    hold_lock(Lock.PAYOUTS)
    batch.refresh_from_db()
    if batch.status not in (Status.APPROVED, Status.PAID):
        raise WrongStatus(
            f"The batch of {batch} is {batch.get_status_display().lower()}. Payments are exported "
            f"once it is approved."
        )
    if not batch.payments.waiting_for_file().exists():
        return _find_last(batch, format)
    bank_format = find_format(format)
    if chain_head() is None:
        raise BatchTampered(
            f"The batch of {batch} is approved, but the chain holds no seal. Tell the "
            "administrators: verify_payouts says what is missing."
        )
    check_signed(batch)
    if problems := bank_format.check(batch):
        raise FileRefused(problems)
    choice = choose_payments(batch, bank_format)
    if not choice.count:
        raise FileRefused([f"{why} ({number:,} of them)" for why, number, _ in choice.reasons])
    if seen and seen != choice.seen:
        raise BatchOutdated(
            "Other payments would go into this file than the preview showed: a result was "
            "recorded, a file made or a question asked meanwhile. Look at it again."
        )
    return _make(batch, bank_format, choice, by=by, at=at or timezone.now())


def _find_last(batch: PayoutBatch, format: str) -> PaymentExport:
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
    if batch.payments.waiting_for_answer().exists():
        raise WrongStatus(
            f"What no file of {batch} pays yet waits for an answer to its author. Answer under "
            "Disputes: the next file takes it."
        )
    raise WrongStatus(
        f"Each payment of {batch} is in a file already, and a payment is in one file alone. The "
        "files are on the page of the batch. What the bank could not pay comes back with the "
        "author’s next payment, under a new reference."
    )


def _make(
    batch: PayoutBatch,
    format: BankFormat,
    choice: Choice,
    *,
    by: User | None,
    at: dt.datetime,
) -> PaymentExport:
    number = batch.exports.filter(format=format.key).count() + 1
    stated = format.take_settings()
    export = PaymentExport(
        batch=batch,
        format=format.key,
        number=number,
        message_id=f"{name_batch(batch)}-{format.key.upper()}-{number}",
        file_name=format.name_file(batch, number),
        by=by,
        at=at,
        payment_count=choice.count,
        total=choice.total,
        **_count_left_out(batch, choice),
    )
    if format.has_accounts:
        keep_settings(export, stated)
    export.save()
    _add_rows(export, choice)
    export.payments_digest = digest_rows(export)
    with new_file() as stream:
        format.write(stream, BankFile(export, stated))
        export.size, export.sha256 = measure(stream)
        if format.is_kept or _names_todays_users(export):
            stream.seek(0)
            export.content = stream.read()
    export.save(update_fields=["payments_digest", "size", "sha256", "content"])
    trace_rows([export])
    append_seal(batch=batch, kind=Seal.Kind.EXPORT, content=make_handing_out(export), at=at)
    return export


def _names_todays_users(export: PaymentExport) -> bool:
    """Whether the file, without accounts, has usernames that were not stored with the payments.

    Such names change with the account, so the file is kept. Files of before this rule were not.
    """
    rows = ExportedPayment.objects.filter(export=export, payment__username="")
    return not export.has_accounts and rows.exists()


def _count_left_out(batch: PayoutBatch, choice: Choice) -> dict[str, Any]:
    numbers = batch.payments.above_zero().aggregate(
        count=Count("pk"), total=Sum("amount", default=0)
    )
    return {
        "left_out_count": numbers["count"] - choice.count,
        "left_out_total": numbers["total"] - choice.total,
    }


def _add_rows(export: PaymentExport, choice: Choice) -> None:
    for portion in batched(enumerate(choice.pks, start=1), ROWS_AT_A_TIME):
        ExportedPayment.objects.bulk_create(
            ExportedPayment(export=export, payment_id=pk, number=number) for number, pk in portion
        )


def digest_rows(export: PaymentExport) -> str:
    """Return the SHA-256 of the references and amounts in the file, in its order."""
    digest = hashlib.sha256()
    rows = ExportedPayment.objects.filter(export=export).order_by("number")
    facts = rows.values_list("number", "payment__reference", "payment__amount")
    for portion in batched(facts.iterator(chunk_size=ROWS_AT_A_TIME), ROWS_AT_A_TIME):
        lines = (f"{number} {name} {to_millionths(amount)}\n" for number, name, amount in portion)
        digest.update("".join(lines).encode())
    return digest.hexdigest()


def open_file(export: PaymentExport) -> BinaryIO:
    """Return the file at its start; the caller closes it.

    Raises FileChanged if it can't be made as it was, DetailsUnreadable and KeysMissing if accounts
    can't be read. Whoever calls this has checked the permission.
    """
    stream = new_file()
    try:
        if not export.content:
            find_format(export.format).write(stream, BankFile(export, read_settings(export)))
        else:  # kept, as all files of before
            stream.write(bytes(export.content))
        _, digest = measure(stream)
        if digest != export.sha256:
            raise FileChanged(
                f"{export} can’t be handed out: made again it has the SHA-256 {digest}, and "
                f"{export.sha256} was recorded. Tell the administrators, and let verify_payouts "
                f"say what changed.{RENAMED if _names_todays_users(export) else ''}"
            )
    except BaseException:
        stream.close()
        raise
    stream.seek(0)
    return stream


def take_file(*, export: PaymentExport, by: User, at: dt.datetime | None = None) -> BinaryIO:
    """Return the file as open_file does, and record who takes accounts in clear.

    Whoever calls this has checked the permission: accounts in full are not for everybody.
    """
    stream = open_file(export)
    if export.has_accounts:
        taken = ExportDownload(export=export, by=by, at=at or timezone.now())
        save_signed(taken, by=by, reason=f"Took {export} with account numbers")
    return stream


def new_file() -> BinaryIO:
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))


def measure(stream: BinaryIO) -> tuple[int, str]:
    """Return the size and the SHA-256 of what was written."""
    size = stream.tell()
    stream.seek(0)
    return size, hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()


def describe_file(export: PaymentExport) -> dict[str, Any]:
    """Return what goes with a file: its sums, its SHA-256, and the seal of its handing out.

    `verify_payouts --head HASH` proves that nobody has rolled back a seal since then.
    """
    seal = find_seal(export)
    return {
        "file": export.file_name,
        "sha256": export.sha256,
        "bytes": export.size,
        "format": export.format,
        "message_id": export.message_id,
        "batch": name_batch(export.batch),
        "month": f"{export.batch.month:%Y-%m}",
        "made_at": export.at.astimezone(dt.UTC).isoformat(),
        "payments": export.payment_count,
        "total": f"{in_coins(export.batch, export.total or Decimal(0)):f}",
        "currency": export.batch.currency,
        "left_out_payments": export.left_out_count,
        "left_out_total": f"{in_coins(export.batch, export.left_out_total or Decimal(0)):f}",
        "chain_head": {"seal": seal.number, "hash": seal.hash} if seal else None,
    }


def find_seal(export: PaymentExport) -> Seal | None:
    seals = export.batch.seals.filter(kind=Seal.Kind.EXPORT)
    return seals.filter(content__contains=f'"{export.message_id}"').first()
