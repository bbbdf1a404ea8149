"""The payment file of PayPal's Payouts Web: at most 5,000 payments in one currency, in a CSV.

Columns by PayPal's “Use Web UI” (docs.paypal.ai, 2026-09): recipient, amount, currency, customer
ID, note to the recipient, wallet. The file has no header. Amounts have a point: a PayPal account of
a country that writes commas says so when the file is uploaded.
"""

import csv
import io
import re
from typing import BinaryIO

from billing.bank.formats.registry import TAKES_IT, BankFormat, Fit
from billing.bank.orders import BankFile, Order
from billing.bank.texts import drop_formula
from billing.models import PayoutBatch

MOST, CUSTOMER_ID = 5_000, 30
PLAIN = re.compile(r"[!#-+.-:<-~\-]+", re.ASCII)  # ASCII, without spaces, quotes, commas
WALLET = "PAYPAL"
# PayPal's list (2026), without forint and Taiwan dollars, which it pays in whole units alone.
CURRENCIES = {
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS", "JPY", "MXN", "MYR",
    "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "USD",
}  # fmt: skip


def check(batch: PayoutBatch) -> list[str]:
    if batch.currency in CURRENCIES:
        return []
    return [f"PayPal’s payment file is not for {batch.currency}."]


def fit(order: Order, batch: PayoutBatch) -> Fit:
    paid = order.paid_to
    if paid is None:
        return Fit("No payment details were known when the batch was submitted.")
    if paid.account_kind != "paypal":
        return Fit("The payee has no PayPal account.")
    if drop_formula(paid.account["paypal"]) != paid.account["paypal"]:
        return Fit(
            f"A spreadsheet would take the address of the PayPal account of “{paid.name}” for a "
            "formula."
        )
    if not PLAIN.fullmatch(paid.account["paypal"]):
        return Fit(
            f"The address of the PayPal account of “{paid.name}” holds signs that PayPal’s file "
            "does not take."
        )
    if len(order.reference) > CUSTOMER_ID or " " in order.reference:
        return Fit(f"PayPal takes references of at most {CUSTOMER_ID} characters, without spaces.")
    return TAKES_IT


def write(stream: BinaryIO, file: BankFile) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    for order in file.orders():
        assert order.paid_to is not None  # noqa: S101  (fit took no other)
        writer.writerow(
            [
                order.paid_to.account["paypal"], f"{order.amount:f}", file.batch.currency,
                order.reference, f"Payment {order.reference}", WALLET,
            ]
        )  # fmt: skip
    text.flush()
    text.detach()


FORMAT = BankFormat(
    key="paypal",
    name="PayPal",
    hint="Payment file of PayPal’s Payouts Web to PayPal accounts, at most 5,000 in a file.",
    content_type="text/csv; charset=utf-8",
    extension="paypal.csv",
    write=write,
    has_accounts=True,
    check=check,
    fit=fit,
    most=MOST,
)
