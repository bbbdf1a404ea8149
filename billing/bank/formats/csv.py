"""CSV (RFC 4180), UTF-8: a row for each payment, and nothing else; no account stands in it.

The sum, the SHA-256 and the head of the chain of seals are in the file that goes with it. Text that
a spreadsheet would take for a formula begins with a quote. `read_layout_of_before` of verification
reads the older files, which had these as rows after the payments.
"""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from itertools import batched
from typing import BinaryIO

from backoffice.spreadsheets import GUARDED_STARTS, guard_cell
from billing.bank.formats.registry import BankFormat
from billing.bank.orders import ROWS_AT_A_TIME, BankFile
from billing.periods import format_month

COLUMNS = ["reference", "author", "username", "month", "amount", "currency"]


def write(stream: BinaryIO, file: BankFile) -> None:
    stream.write(write_rows([COLUMNS]))
    for portion in batched(list_cells(file), ROWS_AT_A_TIME):
        stream.write(write_rows(portion))


def write_rows(rows: Collection[Sequence[str]]) -> bytes:
    """Return the rows as csv.writer writes them, in a quarter of its time where nothing is quoted.

    No cell has a comma, a quote or an end of line if there are just those between the cells.
    """
    text = "".join([f"{a},{b},{c},{d},{e},{f}\r\n" for a, b, c, d, e, f in rows])
    ends = {text.count("\r"), text.count("\n"), text.count("\r\n")}
    if text.count(",") == 5 * len(rows) and '"' not in text and ends == {len(rows)}:
        return text.encode()
    quoted = io.StringIO(newline="")
    csv.writer(quoted).writerows(rows)
    return quoted.getvalue().encode()


def list_cells(file: BankFile) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield the cells of each payment; names are safe from being taken for formulas."""
    batch, places = file.batch, file.batch.coin_decimals
    month, currency, coins = format_month(batch.month), batch.currency, 10 ** (6 - places)
    digits = places + 1
    # Few operations for each row: a file has up to a million.
    for reference, author, username, todays, millionths in file.rows():
        # A payment is above zero, in whole coins: constraints and the verification hold that.
        amount = str(millionths // coins)
        if places:
            amount = amount.zfill(digits)
            amount = f"{amount[:-places]}.{amount[-places:]}"
        # The batches of before user names were stored can name only today's.
        name = username or todays
        if author.startswith(GUARDED_STARTS):
            author = guard_cell(author)
        if name.startswith(GUARDED_STARTS):
            name = guard_cell(name)
        yield reference, author, name, month, amount, currency


FORMAT = BankFormat(
    key="csv",
    name="CSV",
    hint="A table of the payments, without accounts, for whoever pays from a list of their own.",
    content_type="text/csv; charset=utf-8",
    extension="csv",
    write=write,
)
