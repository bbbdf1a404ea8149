"""Tables that people upload: CSV, XLSX and JSON, measured before they are parsed.

A workbook of 168 KB can unpack to a million rows, so its size unpacked is looked at first, and
rows are read one by one up to a limit.
"""

import csv
import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import openpyxl
from tablib import Dataset

from backoffice.spreadsheets import unguard_cell

MOST_ROWS = 5_000
MOST_BYTES = 20_000_000
MOST_BYTES_UNPACKED = 100_000_000
MOST_TIMES_LARGER = 100  # text packs to about a tenth; only made-up data packs to a hundredth
LONGEST_CELL = 32_767  # Excel cuts off what is longer
ZIP = b"PK\x03\x04"

csv.field_size_limit(MOST_BYTES)


class TableRefused(Exception):
    """The message is shown to the person as it is."""


class Table(NamedTuple):
    """The rows, and of each where it stood: the names of the columns stand in row 1."""

    dataset: Dataset
    numbers: list[int]


def read_table(file: BinaryIO) -> Table:
    """Return the cells as text, told by the first bytes. Raises TableRefused.

    Texts that an export guarded against spreadsheets come back as they were.
    """
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise TableRefused(f"The file is larger than {MOST_BYTES // 10**6} MB. Split it.")
    if data.startswith(ZIP):
        headers, rows = _read_workbook(data)
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"[", b"{")):
        headers, rows = _read_json(_decode(data))
    else:
        headers, rows = _read_csv(_decode(data))
    return _make_table([name.strip() for name in headers], rows)


def _make_table(headers: list[str], rows: Iterable[list[str]]) -> Table:
    if not any(headers):
        raise TableRefused("The file is empty: its first row has to hold the names of the columns.")
    if double := sorted({name for name in headers if headers.count(name) > 1}):
        raise TableRefused(f"Row 1: two columns are called “{double[0]}”.")
    dataset, numbers = Dataset(headers=headers), []
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        if len(numbers) == MOST_ROWS:
            raise TableRefused(f"The file has more than {MOST_ROWS:,} rows. Split it.")
        if len(row) != len(headers):
            raise TableRefused(
                f"Row {number} has {len(row)} cells, and row 1 has {len(headers)}. Is a comma or a "
                "quotation mark missing?"
            )
        dataset.append([unguard_cell(cell) for cell in row])
        numbers.append(number)
    if not numbers:
        raise TableRefused("The file has no rows under the names of its columns.")
    return Table(dataset, numbers)


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableRefused(
            f"Line {line} is not UTF-8. In Excel, save the file as “CSV UTF-8”."
        ) from error


def _read_csv(text):
    try:
        dialect = csv.excel if "," in text.partition("\n")[0] else _Semicolons
        rows = list(csv.reader(io.StringIO(text, newline=""), dialect, strict=True))
    except csv.Error as error:
        raise TableRefused(f"The file is no CSV: {error}.") from error
    return (rows[0] if rows else []), rows[1:]


class _Semicolons(csv.excel):
    """What Excel writes where the comma is the decimal sign."""

    delimiter = ";"


def _read_json(text):
    try:
        entries = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise TableRefused(f"The file is no JSON{where}.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TableRefused("The file has to be a list of objects: [{…}, {…}].")
    headers = list(dict.fromkeys(name for entry in entries for name in entry))
    return headers, ([_as_text(entry.get(name)) for name in headers] for entry in entries)


def _read_workbook(data):
    file = io.BytesIO(data)
    try:
        entries = zipfile.ZipFile(file).infolist()
        size = sum(entry.file_size for entry in entries)
        if size > MOST_BYTES_UNPACKED or size > MOST_TIMES_LARGER * len(data):
            raise TableRefused(
                f"The workbook unpacks to {size // 10**6} MB, from {len(data) // 1000} kB. Save it "
                "as CSV, or split it."
            )
        sheet = openpyxl.load_workbook(file, read_only=True, data_only=True).active
        rows = _read_sheet(sheet)
        return next(rows, []), rows
    except TableRefused:
        raise
    except Exception as error:  # openpyxl raises what it meets: KeyError, TypeError, BadZipFile
        raise TableRefused("The workbook is damaged. Save it again as .xlsx or CSV.") from error


def _read_sheet(sheet):
    width = None
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        row = [_as_text(cell) for cell in cells[:width]]
        if width is None:
            width = max((i for i, cell in enumerate(row, start=1) if cell), default=0)
            row = row[:width]
        if long := next((cell for cell in row if len(cell) >= LONGEST_CELL), None):
            raise TableRefused(
                f"Row {number}: “{long[:40]}…” is as long as a cell of Excel can be, so its end "
                "may be missing. Use CSV or JSON for long texts."
            )
        yield row + [""] * (width - len(row))


def _as_text(cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    return cell if isinstance(cell, str) else json.dumps(cell) if _is_plain(cell) else str(cell)


def _is_plain(cell):
    return isinstance(cell, bool | int | float | list | dict)
