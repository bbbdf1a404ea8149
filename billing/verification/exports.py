"""Checks that exported files still have their bytes and agree with the payments."""

import csv
import hashlib
import io
import json
from collections import Counter
from decimal import Decimal
from itertools import zip_longest

from backoffice.spreadsheets import guard_cell
from billing.bank.formats.csv import UPGRADED
from billing.models import PaymentExport, PayoutBatch, Seal, Verification
from billing.money import round_amount
from billing.proof.sealing import find_upgrade_seal, make_handing_out
from billing.verification.chain import check_content
from billing.verification.differences import Difference


def check_exports(run: Verification, key: str, after: str, numbers: Counter) -> None:
    batch = PayoutBatch.objects.get(pk=key)
    exports = list(batch.exports.order_by("at", "pk"))
    unsealed = _check_files_before_seals(batch, exports)
    for number, export in enumerate(exports):
        content = bytes(export.content)
        digest = hashlib.sha256(content).hexdigest()
        if digest != export.sha256:
            raise Difference(export, f"has the SHA-256 {digest}", f"{export.sha256} was recorded")
        if check := CONTENT_CHECKS.get(export.format):
            check(export, batch, content, has_head=number >= unsealed)
        numbers["exports"] += 1
    _check_seals(batch, exports[unsealed:])


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


def _check_seals(batch: PayoutBatch, exports: list[PaymentExport]) -> None:
    """Check that each exported file is sealed and that no sealed file is gone."""
    seals = list(batch.seals.filter(kind=Seal.Kind.EXPORT).order_by("number"))
    for seal, export in zip_longest(seals, exports):
        if seal is None:
            raise Difference(export, "stands among the files", "no seal says that it was made")
        if export is None:
            raise Difference(seal, f"holds {seal.content}", "that file of the batch is gone")
        check_content(seal, make_handing_out(export))
        if export.at != seal.at:
            raise Difference(export, f"is of {export.at}", f"{seal} is of {seal.at}")


def _check_csv(
    export: PaymentExport, batch: PayoutBatch, content: bytes, *, has_head: bool
) -> None:
    """It holds what is paid, to whom as of then, the total, and the chain's head as of then.

    Files from before seals existed have no head.
    """
    handed_out = {row["reference"]: row for row in csv.DictReader(io.StringIO(content.decode()))}
    payments = batch.payments.paying().in_order()
    total = Decimal(0)
    facts = payments.values_list("reference", "author_name", "username", "amount")
    for reference, name, username, amount in facts.iterator():
        total += amount
        payee = {"author": guard_cell(name)}
        if username:  # else it was not stored at that time, and nothing says what it was
            payee["username"] = guard_cell(username)
        says = handed_out.pop(reference, {})
        _check_row(export, reference, says, payee | _describe_amount(batch, amount))
    _check_row(export, "total", handed_out.pop("total", {}), _describe_amount(batch, total))
    handed_out.pop(UPGRADED, None)
    head = handed_out.pop("chain head", {"author": ""})
    if has_head and not batch.seals.model.objects.filter(hash=head["author"]).exists():
        raise Difference(export, f"says the chain ended with {head['author']}", "no seal has that")
    if handed_out:
        raise Difference(export, f"lists {min(handed_out)}", "no such payment is paid")


def _describe_amount(batch: PayoutBatch, amount: Decimal) -> dict[str, str]:
    paid = round_amount(amount, currency=batch.currency, decimals=batch.coin_decimals)
    return {"amount": str(paid), "currency": batch.currency}


def _check_row(export: PaymentExport, reference: str, row: dict, should: dict) -> None:
    says = {column: row.get(column) for column in should}
    if says != should:
        said, due = (", ".join(map(str, facts.values())) for facts in (says, should))
        raise Difference(export, f"says “{said}” of {reference}", f"the payments say “{due}”")


# {format: what reads its files back}. Of any other format the bytes and their seal are checked.
CONTENT_CHECKS = {"csv": _check_csv}
