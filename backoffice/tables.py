"""Uploaded tables: CSV, XLSX and JSON, checked for size first, and parsed in another process.

backoffice.table_cells reads their cells.
"""

import json
from typing import BinaryIO, NamedTuple

from tablib import Dataset

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded
from backoffice.errors import Refusal
from backoffice.spreadsheets import unguard_cell
from backoffice.table_cells import MOST_BYTES

BOUNDS = Bounds(seconds=4, memory=500_000_000, answer=40_000_000)


class TableRefused(Refusal):
    pass


class Table(NamedTuple):
    """The rows, with the number of each in the file. Row 1 holds the names of the columns."""

    dataset: Dataset
    numbers: list[int]


def read_table(file: BinaryIO) -> Table:
    """Return the cells as text. The first bytes tell the format. Raises TableRefused.

    It removes the quotes by which an export guards texts against spreadsheets.
    """
    if file.seek(0, 2) > MOST_BYTES:
        raise TableRefused(f"The file is larger than {MOST_BYTES // 10**6} MB. Split it.")
    try:
        with run_bounded(
            "backoffice.table_cells:run_apart",
            file,
            what="The table",
            advice="Save it as CSV, or split it.",
            bounds=BOUNDS,
        ) as answer:
            return _make_table(map(json.loads, answer))
    except (BoundReached, Unreadable) as error:
        raise TableRefused(str(error)) from error


def _make_table(rows) -> Table:
    dataset, numbers = Dataset(headers=next(rows)), []
    for number, cells in rows:
        dataset.append([unguard_cell(cell) for cell in cells])
        numbers.append(number)
    return Table(dataset, numbers)
