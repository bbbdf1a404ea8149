"""The CSV of a batch payment of Wise, “Send to bank accounts”: at most 1,000 recipients in a file.

Columns as Wise's template has them for euro and for dollars; a fixed amount reaches the recipient.
A name keeps its letters; what a spreadsheet would take for a formula is dropped from its beginning.
"""

import csv
import io
import unicodedata
from typing import BinaryIO

from billing.bank.formats.registry import BankFormat, Fit
from billing.bank.orders import BankFile, Order
from billing.bank.texts import drop_formula, says_a_name
from billing.models import PayoutBatch
from billing.payees.copies import PaidTo

MOST, NAME = 1_000, 140
COMMON = [
    "name", "recipientEmail", "paymentReference", "receiverType", "amountCurrency", "amount",
    "sourceCurrency", "targetCurrency",
]  # fmt: skip
ADDRESS = [
    "addressCountryCode", "addressCity", "addressFirstLine", "addressPostCode", "addressState",
]  # fmt: skip
COLUMNS = [*COMMON, "IBAN", "BIC", "abartn", "accountNumber", "accountType", *ADDRESS]
KINDS = {"iban": ("EUR", "GBP"), "us": ("USD",)}


def fit(order: Order, batch: PayoutBatch) -> Fit:
    paid = order.paid_to
    if paid is None:
        return Fit("No payment details were known when the batch was submitted.")
    if paid.account_kind not in KINDS:
        return Fit("Wise pays to bank accounts, and this is a PayPal account.")
    if batch.currency not in KINDS[paid.account_kind]:
        what = "an IBAN" if paid.account_kind == "iban" else "an account in the United States"
        return Fit(f"Wise’s template does not pay {batch.currency} to {what}.")
    name = _write_name(paid)
    if not says_a_name(name):
        return Fit(f"The name “{paid.name}” has no letter that Wise could compare.")
    return Fit(changes=(f"Name: “{paid.name}” becomes “{name}”",) if name != paid.name else ())


def write(stream: BinaryIO, file: BankFile) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for order in file.orders():
        assert order.paid_to is not None  # noqa: S101  (fit took no other)
        writer.writerow(_list_cells(order, order.paid_to, file.batch.currency))
    text.flush()
    text.detach()


def _list_cells(order: Order, paid: PaidTo, currency: str) -> list[str]:
    account, address = paid.account, paid.address
    # Which person or company it is decides the columns that Wise asks for.
    receiver = "INSTITUTION" if paid.is_company else "PERSON"
    street = " ".join(filter(None, (address.get("street"), address.get("building_number"))))
    return [
        _write_name(paid), "", order.reference, receiver, "target", f"{order.amount:f}",
        currency, currency,
        account.get("iban", ""), account.get("bic", ""),
        account.get("routing", ""), account.get("number", ""), account.get("type", "").upper(),
        paid.country, _guard(address.get("town", "")), _guard(street),
        _guard(address.get("postcode", "")), _guard(address.get("region", "")),
    ]  # fmt: skip


def _write_name(paid: PaidTo) -> str:
    return _guard(paid.name)[:NAME].strip()


def _guard(text: str) -> str:
    """Return the text without controls and signs that are no letters, and never as a formula."""
    kept = "".join(
        one
        for one in unicodedata.normalize("NFC", text)
        if unicodedata.category(one)[0] in "LMNPZ" or one in "+&"
    )
    return drop_formula(" ".join(kept.split()))


FORMAT = BankFormat(
    key="wise",
    name="Wise",
    hint="Batch payment of Wise to bank accounts, at most 1,000 in a file.",
    content_type="text/csv; charset=utf-8",
    extension="wise.csv",
    write=write,
    has_accounts=True,
    fit=fit,
    most=MOST,
)
