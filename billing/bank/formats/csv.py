"""CSV (RFC 4180), UTF-8: a row for each payment, their total, and the head of the chain of seals.

The row “total” follows the payments. Where payments had their result before the file was made, the
row “left out” says how many and how much: the file does not pay them. The last row, “chain head”,
holds the hash and the number of the latest seal at that time. `verify_payouts --head HASH` proves
that nobody has rolled back a seal since then. The file of a batch approved before seals existed
names the seal that an upgrade made.
"""

import csv
import io
from decimal import Decimal
from typing import BinaryIO

from django.utils import timezone

from backoffice.spreadsheets import guard_cell
from billing.bank.formats.registry import BankFormat
from billing.models import PayoutBatch
from billing.money import round_amount
from billing.periods import format_month
from billing.proof.sealing import chain_head, find_upgrade_seal

UPGRADED = "approved before seals"
LEFT_OUT = "left out"

COLUMNS = ["reference", "author", "username", "month", "amount", "currency"]


def write(stream: BinaryIO, batch: PayoutBatch) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    month = format_month(batch.month)
    total = Decimal(0)
    payments = (
        batch.payments.paying()
        .in_order()
        .values_list("reference", "author_name", "username", "author__username", "amount")
    )
    for reference, name, username, todays, amount in payments.iterator():
        total += amount
        # The batches of before user names were stored can name only today's.
        names = guard_cell(name), guard_cell(username or todays)
        writer.writerow([reference, *names, month, _in_coins(batch, amount), batch.currency])
    writer.writerow(["total", "", "", month, _in_coins(batch, total), batch.currency])
    if left_out := list(batch.payments.settled().values_list("amount", flat=True)):
        number = f"{len(left_out)} with a result before this file"
        left = _in_coins(batch, sum(left_out, Decimal(0)))
        writer.writerow([LEFT_OUT, number, "", month, left, batch.currency])
    if seal := find_upgrade_seal(batch):
        day = f"sealed on {timezone.localdate(seal.at)}"
        writer.writerow([UPGRADED, seal.hash, str(seal), day, "", ""])
    if head := chain_head():  # never None: the approval made a seal
        writer.writerow(["chain head", head.hash, f"seal {head.number}", "", "", ""])
    text.detach()


def _in_coins(batch: PayoutBatch, amount: Decimal) -> Decimal:
    return round_amount(amount, currency=batch.currency, decimals=batch.coin_decimals)


def name_file(batch: PayoutBatch) -> str:
    return f"payments-{format_month(batch.month)}.csv"


FORMAT = BankFormat(
    key="csv",
    name="CSV",
    content_type="text/csv; charset=utf-8",
    file_name=name_file,
    write=write,
)
