"""Reads the cells of uploaded tables, in a process of its own without Django.

A workbook of 168 KB can unpack to a million rows. So the unpacked size is checked first, and rows
are read one by one up to a limit.
"""

import csv
import datetime as dt
import io
import itertools
import json
import zipfile
from collections.abc import Iterable, Iterator

from backoffice.bounded_child import Refused

MOST_ROWS = 5_000
MOST_COLUMNS = 100
MOST_BYTES = 20_000_000
MOST_BYTES_UNPACKED = 100_000_000
MOST_TIMES_LARGER = 100  # text shrinks to about a tenth, and only artificial data to a hundredth
LONGEST_CELL = 32_767  # Excel cuts off longer texts
LONGEST_TEXT = 1_000_000
ZIP = b"PK\x03\x04"

csv.field_size_limit(LONGEST_TEXT)


def run_apart(source, answer):
    """Write the names of the columns, then (number, cells) of each row, for backoffice.bounded."""
    for row in itertools.chain(*read_cells(source.read())):
        answer.write(json.dumps(row).encode() + b"\n")


def read_cells(data: bytes) -> tuple[list[list[str]], Iterable[tuple[int, list[str]]]]:
    """Return ([names of the columns], rows). The first bytes tell the format. Raises Refused."""
    if data.startswith(ZIP):
        headers, rows = _read_workbook(data)
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"[", b"{")):
        headers, rows = _read_json(_decode(data))
    else:
        headers, rows = _read_csv(_decode(data))
    headers = [name.strip() for name in headers]
    if not any(headers):
        raise Refused("The file is empty: its first row has to hold the names of the columns.")
    _check_columns(headers)
    if double := sorted({name for name in headers if headers.count(name) > 1}):
        raise Refused(f"Row 1: two columns are called “{double[0][:80]}”.")
    return [headers], _number(headers, rows)


def _number(headers, rows) -> Iterator[tuple[int, list[str]]]:
    count = 0
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        if count == MOST_ROWS:
            raise Refused(f"The file has more than {MOST_ROWS:,} rows. Split it.")
        if len(row) != len(headers):
            raise Refused(
                f"Row {number} has {len(row)} cells, and row 1 has {len(headers)}. Is a comma or a "
                "quotation mark missing?"
            )
        if max(map(len, row)) > LONGEST_TEXT:
            raise Refused(f"Row {number}: a cell has more than {LONGEST_TEXT:,} characters.")
        count += 1
        yield number, row
    if not count:
        raise Refused("The file has no rows under the names of its columns.")


def _check_columns(names):
    if len(names) > MOST_COLUMNS:
        raise Refused(f"The file has more than {MOST_COLUMNS} columns. Leave out what is not used.")


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"Line {line} is not UTF-8. In Excel, save the file as “CSV UTF-8”."
        ) from error


def _read_csv(text):
    dialect = csv.excel if "," in text.partition("\n")[0] else _Semicolons
    rows = _told_plainly(csv.reader(io.StringIO(text, newline=""), dialect, strict=True))
    return next(rows, []), rows


def _told_plainly(rows):
    try:
        yield from rows
    except csv.Error as error:
        raise Refused(f"The file is no CSV: {error}.") from error


class _Semicolons(csv.excel):
    """The CSV that Excel writes where the comma is the decimal sign."""

    delimiter = ";"


def _read_json(text):
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:  # an integer of 4,301 digits raises ValueError
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused(f"The file is no JSON{where}.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refused("The file has to be a list of objects: [{…}, {…}].")
    headers = {}
    for entry in entries:
        headers |= dict.fromkeys(entry)
        _check_columns(headers)
    return list(headers), ([_as_text(entry.get(name)) for name in headers] for entry in entries)


def _read_workbook(data):
    import openpyxl  # this takes as long as everything else

    file = io.BytesIO(data)
    try:
        entries = zipfile.ZipFile(file).infolist()
        size = sum(entry.file_size for entry in entries)
        if size > MOST_BYTES_UNPACKED or size > MOST_TIMES_LARGER * len(data):
            raise Refused(
                f"The workbook unpacks to {size // 10**6} MB, from {len(data) // 1000} kB. Save it "
                "as CSV, or split it."
            )
        sheet = openpyxl.load_workbook(file, read_only=True, data_only=True).active
        sheet.reset_dimensions()  # the size that the file states may be false
        rows = _read_sheet(sheet)
        return next(rows, []), rows
    except (Refused, MemoryError):
        raise
    except Exception as error:  # openpyxl raises many kinds: KeyError, TypeError, BadZipFile
        raise Refused("The workbook is damaged. Save it again as .xlsx or CSV.") from error


def _read_sheet(sheet):
    width = None
    for number, cells in enumerate(_read_rows(sheet), start=1):
        row = [_as_text(cell) for cell in cells[:width]]
        if width is None:
            width = max((i for i, cell in enumerate(row, start=1) if cell), default=0)
            row = row[:width]
        if long := next((cell for cell in row if len(cell) >= LONGEST_CELL), None):
            raise Refused(
                f"Row {number}: “{long[:40]}…” is as long as a cell of Excel can be, so its end "
                "may be missing. Use CSV or JSON for long texts."
            )
        yield row + [""] * (width - len(row))


def _read_rows(sheet):
    try:
        yield from sheet.iter_rows(values_only=True)
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("The workbook is damaged. Save it again as .xlsx or CSV.") from error


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
