"""Xero's import of manual journals: a CSV in UTF-8 with the columns of its template.

Rows with one narration and one date become one journal, which has to balance; an amount above zero
is a debit, one below it a credit; dates are day/month/year (Xero Central, “Import manual journals”;
its template has the columns below and takes 300 rows). So a day of a batch is one journal.
"""

import csv
import io
from typing import BinaryIO

from django.conf import settings

from backoffice.spreadsheets import guard_cell
from billing.books.accounts import find_number
from billing.books.formats.registry import BookFormat, Journal, find_missing_accounts

COLUMNS = [
    "*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount",
    "TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2",
]  # fmt: skip
MOST_ROWS = 300


def write(stream: BinaryIO, journal: Journal) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    tax_rate = guard_cell(settings.BOOKS_XERO_TAX_RATE)
    for entry in journal.moving:
        batch, month = journal.batches[entry.batch]
        narration = f"Author payments {month}, batch {batch}"
        for account, sign in ((entry.debit, 1), (entry.credit, -1)):
            amount = journal.in_coins(entry.coins * sign)
            writer.writerow(
                [
                    narration, f"{entry.day:%d/%m/%Y}", entry.label.capitalize(),
                    find_number(account), tax_rate, amount, "", "", "", "",
                ]
            )  # fmt: skip
    text.flush()
    text.detach()


def check(journal: Journal) -> list[str]:
    problems = find_missing_accounts(journal)
    if not settings.BOOKS_XERO_TAX_RATE.strip():
        problems.append("BOOKS_XERO_TAX_RATE is empty: give the name of Xero's rate without tax.")
    rows = 2 * len(journal.moving)
    if rows > MOST_ROWS:
        problems.append(
            f"Xero takes {MOST_ROWS} rows in a file, and this month has {rows}: results were "
            "recorded on many days. Import the CSV by a bookkeeper's tool instead."
        )
    return problems


def name_file(journal: Journal) -> str:
    return f"xero-{journal.month:%Y-%m}-{journal.currency}.csv"


FORMAT = BookFormat(
    key="xero",
    name="Xero",
    hint="Manual journals: the sums of each day, batch and kind.",
    content_type="text/csv; charset=utf-8",
    file_name=name_file,
    write=write,
    check=check,
)
