"""Rows of reference, outcome, reason, as people type them or spreadsheets save them."""

import csv
import io
import re

from billing.bank.results.registry import ResultFormat, ResultRow, refuse

COLUMNS = ["reference", "outcome", "reason"]
MOST_ROWS = 200_000
LONGEST_LINE = 10_000
LONG_LINE = re.compile(rf"[^\n]{{{LONGEST_LINE + 1}}}")


def read(content: bytes) -> list[ResultRow]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(["The file is not text in UTF-8. Save it as “CSV UTF-8” and choose it again."])
    if "\0" in text:
        refuse(["This is no text file."])
    return read_text(text)


def read_text(text: str) -> list[ResultRow]:
    """Return the rows of a CSV text with commas, semicolons or tabs. Raises InvalidResults.

    It skips empty rows and the row of column names.
    """
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if LONG_LINE.search(text):
        refuse([f"A line is longer than {LONGEST_LINE:,} characters. Is this the right file?"])
    rows: list[ResultRow] = []
    try:
        for cells in reader:
            if len(rows) == MOST_ROWS:
                refuse([f"There are more than {MOST_ROWS:,} rows. Split the file."])
            cells = [cell.strip() for cell in cells]
            if not any(cells) or [cell.lower() for cell in cells[:3]] == COLUMNS:
                continue
            reference, outcome, *rest = [*cells, ""]
            reason = ", ".join(filter(None, rest))  # a comma in it needs no quotes
            rows.append(ResultRow(reader.line_num, reference, outcome.lower(), reason))
    except csv.Error as error:
        refuse([f"Row {reader.line_num}: this can't be read as CSV ({error})."])
    return rows


def sniff(content: bytes) -> bool:
    """Any text may be CSV, and `read` says it of what is none."""
    return True


FORMAT = ResultFormat(
    key="csv",
    name="CSV",
    hint="CSV: such rows, text in UTF-8, with commas or semicolons.",
    accept=(".csv", "text/csv"),
    sniff=sniff,
    read=read,
)
