"""CSV (RFC 4180), UTF-8: a row for each payment, and nothing else; no account stands in it.

The sum, the SHA-256 and the head of the chain of seals are in the file that goes with it. Text that
a spreadsheet would take for a formula begins with a quote. `read_layout_of_before` of verification
reads the older files, which had these as rows after the payments.
"""

import csv
import io
from collections.abc import Iterator
from itertools import batched
from typing import BinaryIO

from backoffice.spreadsheets import guard_cell
from billing.bank.formats.registry import BankFormat
from billing.bank.orders import ROWS_AT_A_TIME, BankFile
from billing.periods import format_month

COLUMNS = ["reference", "author", "username", "month", "amount", "currency"]


def write(stream: BinaryIO, file: BankFile) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for portion in batched(list_cells(file), ROWS_AT_A_TIME):
        writer.writerows(portion)
    text.flush()
    text.detach()


def list_cells(file: BankFile) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield the cells of each payment; names are safe from being taken for formulas."""
    batch, places = file.batch, file.batch.coin_decimals
    month, currency, coins = format_month(batch.month), batch.currency, 10 ** (6 - places)
    unit = 10**places
    for reference, author, username, todays, millionths in file.rows():
        # A payment is in whole coins: a constraint and the verification hold that.
        whole, part = divmod(millionths // coins, unit)
        amount = f"{whole}.{part:0{places}}" if places else f"{whole}"
        # The batches of before user names were stored can name only today's.
        name = guard_cell(username or todays)
        yield reference, guard_cell(author), name, month, amount, currency


FORMAT = BankFormat(
    key="csv",
    name="CSV",
    hint="A table of the payments, without accounts, for whoever pays from a list of their own.",
    content_type="text/csv; charset=utf-8",
    extension="csv",
    write=write,
)
