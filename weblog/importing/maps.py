"""Lists that map names in a file to accounts or categories."""

import csv
from pathlib import Path

from weblog.errors import ImportRefused


def read_map(path: Path) -> dict[str, str]:
    """Read a CSV of two columns, the name in the file and the name here. Raises ImportRefused.

    The first row holds the headings. A row with an empty second cell maps nothing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            next(rows, None)
            return dict(_read_row(path, rows.line_num, row) for row in rows if any(row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ImportRefused(f"{path} can't be read as CSV: {error}.") from error


def _read_row(path, line, row):
    if len(row) != 2:
        raise ImportRefused(
            f"{path}, line {line}: {len(row)} cells; two are needed: the name in the file, and the "
            "name here."
        )
    return row[0].strip(), row[1].strip()
