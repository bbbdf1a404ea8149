"""A row for each side of each entry: CSV (RFC 4180), UTF-8, ISO dates, plain decimals.

The columns `debit` and `credit` are in coins, for a ledger; `exact_debit` and `exact_credit` have
six decimals, for whoever checks. Both pairs add up to the same on either side, entry by entry.
"""

import csv
import io
from typing import BinaryIO

from backoffice.spreadsheets import guard_cell
from billing.books.accounts import Account, find_number
from billing.books.formats.registry import BookFormat, Journal, write_decimal

COLUMNS = [
    "entry", "date", "kind", "reversal", "batch", "month", "reference", "author", "username",
    "account", "account_number", "debit", "credit", "exact_debit", "exact_credit", "currency",
]  # fmt: skip


def write(stream: BinaryIO, journal: Journal) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    numbers = {account: guard_cell(find_number(account)) for account in Account}
    for number, entry in enumerate(journal.list_entries(), start=1):
        batch, month = journal.batches[entry.batch]
        reversal = "yes" if entry.is_reversal else ""
        facts = (
            number, entry.day.isoformat(), entry.kind.value, reversal, batch, month,
            entry.reference, guard_cell(entry.author_name), guard_cell(entry.username),
        )  # fmt: skip
        coins, exact = journal.in_coins(abs(entry.coins)), write_decimal(abs(entry.exact), 6)
        for account, sign in ((entry.debit, 1), (entry.credit, -1)):
            sides = (coins, "") if entry.coins * sign > 0 else ("", coins)
            exact_sides = (exact, "") if entry.exact * sign > 0 else ("", exact)
            writer.writerow(
                [*facts, account.value, numbers[account], *sides, *exact_sides, journal.currency]
            )
    text.flush()
    text.detach()


def name_file(journal: Journal) -> str:
    return f"journal-{journal.month:%Y-%m}-{journal.currency}.csv"


FORMAT = BookFormat(
    key="csv",
    name="CSV",
    hint="Each entry with its two sides, in coins and exact to six decimals.",
    content_type="text/csv; charset=utf-8",
    file_name=name_file,
    write=write,
)
