"""Rows of reference, outcome, reason, as people type them or spreadsheets save them.

A table with other columns is read by a layout: see layouts.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator

from billing.bank.results.registry import ResultFormat, ResultRow, refuse

Table = list[tuple[int, list[str]]]  # (number, cells) of each row that is not empty

COLUMNS = ["reference", "outcome", "reason"]
MOST_ROWS = 200_000
LONGEST_LINE = 10_000
MOST_COLUMNS, MOST_CELLS_A_ROW = 100, 20  # in one row, and on average of many
SEPARATOR = re.compile(r"\ufeff?sep=([,;\t])\s*$", re.IGNORECASE)  # Excel's own first line
# What people choose in place of the bank's answer, by its first bytes.
OTHER_KINDS = {
    b"PK\x03\x04": "This is a workbook or a ZIP. Save the table as “CSV UTF-8”, or unpack the ZIP, "
    "and choose that.",
    b"\xd0\xcf\x11\xe0": "This is an old workbook (XLS). Save the table as “CSV UTF-8” and choose "
    "that.",
    b"%PDF": "This is a PDF. Get the bank’s answer as pain.002, camt.053, camt.054 or CSV.",
    b"\x1f\x8b": "This file is packed (gzip). Unpack it and choose what is in it.",
    b"{1:F01": "This is an MT940 statement. Ask the bank for camt.053, which names each payment.",
    b":20:": "This is an MT940 statement. Ask the bank for camt.053, which names each payment.",
}


def read(content: bytes) -> list[ResultRow]:
    """Return the rows of a CSV text with commas, semicolons or tabs. Raises InvalidResults."""
    return take_rows(read_cells(decode(content)))


def decode(content: bytes) -> str:
    """Return the text of a table. Raises InvalidResults, also for files of other kinds."""
    refuse([told for start, told in OTHER_KINDS.items() if content.lstrip().startswith(start)])
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # “Unicode text”
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        refuse(
            [
                f"Row {line:,}: the file is not text in UTF-8. Save it as “CSV UTF-8” and choose "
                "it again."
            ]
        )
    if "\0" in text:
        refuse(["This is no text in UTF-8. Save the table as “CSV UTF-8” and choose it again."])
    return text


def take_rows(table: Iterable[tuple[int, list[str]]]) -> list[ResultRow]:
    """Return the rows of a table with our own columns, without the row of their names."""
    rows: list[ResultRow] = []
    for number, cells in table:
        if is_header(cells):
            continue
        reference, outcome, *rest = [*cells, ""]
        reason = ", ".join(filter(None, rest))  # a comma in it needs no quotes
        rows.append(ResultRow(number, reference, outcome.lower(), reason))
    return rows


def is_header(cells: list[str]) -> bool:
    """Whether these are the names of our own columns; the reason may be left out."""
    return [cell.lower() for cell in cells[:2]] == COLUMNS[:2]


def read_cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, cells) of each row that is not empty. Raises InvalidResults."""
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if mark in first), ",")
    names_delimiter = SEPARATOR.match(first)
    delimiter = names_delimiter[1] if names_delimiter else delimiter
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if any(len(line) > LONGEST_LINE + 1 for line in io.StringIO(text)):
        refuse([f"A line is longer than {LONGEST_LINE:,} characters. Is this the right file?"])
    count = cell_count = 0
    try:
        for cells in reader:
            if count == MOST_ROWS:
                refuse([f"There are more than {MOST_ROWS:,} rows. Split the file."])
            cells = [cell.strip() for cell in cells]
            if any(cells) and not (names_delimiter and reader.line_num == 1):
                count += 1
                cell_count += len(cells)
                _check_width(reader.line_num, cells, cell_count - count * MOST_CELLS_A_ROW)
                yield reader.line_num, cells
    except csv.Error as error:
        refuse(
            [
                f"Row {reader.line_num:,}: this can't be read as CSV ({error}). Open the table, "
                "save it as “CSV UTF-8” and choose that."
            ]
        )


def _check_width(number: int, cells: list[str], too_many: int) -> None:
    """Refuse a table that is wider than any bank's, or wide all the way down."""
    if len(cells) > MOST_COLUMNS or too_many > MOST_ROWS:
        refuse(
            [f"Row {number:,}: there are more than {MOST_COLUMNS} columns. Is this the right file?"]
            if len(cells) > MOST_COLUMNS
            else [f"Row {number:,}: the table has too many cells. Leave out columns, or split it."]
        )


def sniff(content: bytes) -> bool:
    """Any text may be CSV, and `read` says it of what is none."""
    return True


FORMAT = ResultFormat(
    key="csv",
    name="CSV",
    hint="CSV: text in UTF-8, with commas or semicolons; you say which column is what.",
    accept=(".csv", "text/csv"),
    sniff=sniff,
    read=read,
)
