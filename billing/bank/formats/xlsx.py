"""XLSX: the payments as a sheet of a spreadsheet; no account stands in it.

Text is kept as text, so a name such as “=1+1” is no formula and needs no quote; an amount is a
number with the decimals of its currency. What is packed differs from machine to machine, so the
file is kept.
"""

from datetime import UTC
from typing import BinaryIO

from billing.bank.formats.csv import COLUMNS
from billing.bank.formats.registry import BankFormat
from billing.bank.orders import BankFile
from billing.periods import format_month

MOST = 100_000  # so that a person can open it; a CSV takes any number
ILLEGAL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))  # in XML 1.0


def write(stream: BinaryIO, file: BankFile) -> None:
    # Here: few requests need it, and it would cost each start of the application.
    from xlsxwriter import Workbook

    batch = file.batch
    places = batch.coin_decimals
    book = Workbook(
        stream,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties(
        {
            "title": file.export.message_id,
            "created": file.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        }
    )
    sheet = book.add_worksheet("Payments")
    coins = book.add_format({"num_format": f"0.{'0' * places}" if places else "0"})
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name)
    month = format_month(batch.month)
    for number, row in enumerate(file.rows(), start=1):
        name = row.username or row.todays_username
        for column, text in enumerate((row.reference, row.author, name, month)):
            sheet.write_string(number, column, text.translate(ILLEGAL))
        sheet.write_number(number, 4, row.millionths / 10**6, coins)
        sheet.write_string(number, 5, batch.currency)
    book.close()


FORMAT = BankFormat(
    key="xlsx",
    name="XLSX",
    hint="The same table as a spreadsheet, without accounts.",
    content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    extension="xlsx",
    write=write,
    most=MOST,
    is_kept=True,
)
