"""Checks that files to the bank are as they were handed out, and each payment is in one of them."""

import hashlib
import json
from collections import Counter
from decimal import Decimal
from itertools import zip_longest

from django.db.models import Count, F, Sum

from billing.bank.exports import digest_rows, open_file
from billing.errors import BillingError, DetailsUnreadable, KeyGone, KeysMissing
from billing.models import (
    BatchAttachment,
    ExportedPayment,
    PaymentExport,
    PaymentResult,
    PayoutBatch,
    Seal,
    Verification,
)
from billing.payees.encryption import find_key_id
from billing.proof.sealing import find_upgrade_seal, make_handing_out
from billing.verification.by_hand import check_by_hand
from billing.verification.chain import check_content
from billing.verification.differences import Difference
from billing.verification.earlier_files import check_earlier_file

ROWS_AT_A_TIME = 10  # each with its content


def check_exports(run: Verification, key: str, after: str, numbers: Counter) -> None:
    batch = PayoutBatch.objects.get(pk=key)
    exports = list(batch.exports.order_by("at", "pk"))
    unsealed = _check_files_before_seals(batch, exports)
    for export in exports:
        if export.content:
            digest = hashlib.sha256(bytes(export.content)).hexdigest()
            _compare_digests(export, digest)
    sealed_by = _check_seals(batch, exports[unsealed:])
    for export in exports:
        if export.message_id:
            _check_payments(export)
            _check_results_before(export, sealed_by[export.pk])
            _make_again(export)
        else:
            check_earlier_file(export, batch, sealed_by.get(export.pk))
        numbers["exports"] += 1
    _check_each_once(batch)
    check_by_hand(run, key, after, numbers)
    _check_attachments(batch)


def _check_attachments(batch: PayoutBatch) -> None:
    """Files beside comments still have their bytes. Their rows are traced."""
    for file in BatchAttachment.objects.filter(comment__batch=batch).iterator(ROWS_AT_A_TIME):
        digest = hashlib.sha256(bytes(file.content)).hexdigest()
        if digest != file.sha256:
            raise Difference(file, f"has the SHA-256 {digest}", f"{file.sha256} was recorded")


def _compare_digests(export: PaymentExport, digest: str) -> None:
    if digest != export.sha256:
        raise Difference(export, f"has the SHA-256 {digest}", f"{export.sha256} was recorded")


def _check_payments(export: PaymentExport) -> None:
    """The payments in the file are those that were sealed with it, all of its batch."""
    rows = ExportedPayment.objects.filter(export=export)
    if strange := rows.exclude(payment__batch=export.batch_id).select_related("payment").first():
        raise Difference(export, f"holds {strange.payment}", "that is a payment of another batch")
    numbers = rows.aggregate(number=Count("pk"), sum=Sum("payment__amount", default=0))
    says = (export.payment_count, export.total)
    should = (numbers["number"], Decimal(numbers["sum"]))
    if says != should:
        raise Difference(
            export,
            f"notes {says[0]} payments of {says[1]}",
            f"{should[0]} of {should[1]} are recorded as in it",
        )
    if (digest := digest_rows(export)) != export.payments_digest:
        raise Difference(
            export,
            f"holds payments with the digest {digest}",
            f"{export.payments_digest} was recorded when it was made",
        )


def _check_results_before(export: PaymentExport, seal: Seal) -> None:
    """No payment in the file had its result then: the bank made it, or a later batch pays it."""
    earlier = PaymentResult.objects.filter(
        payment__exported__export=export, seal__number__lt=seal.number
    )
    if result := earlier.select_related("payment").first():
        raise Difference(
            export,
            f"pays {result.payment}, which had its result before the file was made",
            "a payment with a result is in no later file",
        )


def _make_again(export: PaymentExport) -> None:
    """Make the file once more, if its accounts can be read: without the key they can't."""
    key = find_key_id(export.paid_from) if export.paid_from else None
    if export.key_id != key:
        raise Difference(export, f"says key {export.key_id} encrypted it", f"it was key {key}")
    try:
        open_file(export).close()
    except (KeyGone, KeysMissing):
        return
    except DetailsUnreadable as error:
        raise Difference(export, str(error), "it was made of accounts that could be read") from None
    except BillingError as error:
        raise Difference(export, str(error), "the same payments make the same file") from None


def _check_each_once(batch: PayoutBatch) -> None:
    """A payment is in one file, and none is paid that is in no file.

    Before files were recorded payment by payment, a batch could be paid without any.
    """
    rows = ExportedPayment.objects.filter(payment__batch=batch).order_by()
    twice = rows.values(reference=F("payment__reference")).annotate(number=Count("pk"))
    if found := twice.filter(number__gt=1).first():
        raise Difference(
            f"Payment {found['reference']}", f"is in {found['number']} files", "it is in one"
        )
    if not batch.exports.exclude(message_id="").exists():
        return
    if unsent := batch.payments.filter(status="paid", exported=None, by_hand=None).first():
        raise Difference(unsent, "is paid", "it is in no file and was not paid by hand")


def _check_files_before_seals(batch: PayoutBatch, exports: list[PaymentExport]) -> int:
    """Check the files that an upgrade sealed, and return their number."""
    seal = find_upgrade_seal(batch)
    if seal is None:
        return 0
    sealed = json.loads(seal.content)["files"]
    for file, export in zip_longest(sealed, exports[: len(sealed)]):
        says = export and make_handing_out(export)["file"]
        if says != file:
            raise Difference(seal, f"sealed the file {file}", f"the rows now say {says}")
    return len(sealed)


def _check_seals(batch: PayoutBatch, exports: list[PaymentExport]) -> dict[int, Seal]:
    """Check that each exported file is sealed and that no sealed file is gone.

    Return {primary key of a file: its seal}.
    """
    seals = list(batch.seals.filter(kind=Seal.Kind.EXPORT).order_by("number"))
    for seal, export in zip_longest(seals, exports):
        if seal is None:
            raise Difference(export, "stands among the files", "no seal says that it was made")
        if export is None:
            raise Difference(seal, f"holds {seal.content}", "that file of the batch is gone")
        check_content(seal, make_handing_out(export))
        if export.at != seal.at:
            raise Difference(export, f"is of {export.at}", f"{seal} is of {seal.at}")
    return {export.pk: seal for seal, export in zip(seals, exports, strict=True)}
