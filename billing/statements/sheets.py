"""A statement as plain texts: what the page shows and the PDF prints, word for word the same."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """A row of a table. `line` is the payment's line that an author may ask about."""

    cells: tuple[str, ...]
    line: int | None = None
    is_sum: bool = False


class Cell(NamedTuple):
    name: str  # of its column
    text: str
    is_number: bool


class Table(NamedTuple):
    """A table with its title. The last columns, as many as `numbers` says, are of numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row]
    numbers: int = 1
    note: str = ""

    def heads(self) -> list[Cell]:
        return self._name_cells(self.columns)

    @property
    def has_lines(self) -> bool:
        return any(row.line for row in self.rows)

    def list_cells(self) -> Iterator[dict]:
        """Yield each row with its cells as a page shows them."""
        for row in self.rows:
            yield {"cells": self._name_cells(row.cells), "line": row.line, "is_sum": row.is_sum}

    def _name_cells(self, texts: tuple[str, ...]) -> list[Cell]:
        first_number = len(self.columns) - self.numbers
        return [
            Cell(name, text, number >= first_number)
            for number, (name, text) in enumerate(zip(self.columns, texts, strict=True))
        ]


class Sheet(NamedTuple):
    """A whole statement. `warning` says first what it is not: final, or paid."""

    language: str
    title: str
    day: dt.date  # that of the PDF: it says nothing about the moment at which it was printed
    facts: list[tuple[str, str]]
    tables: list[Table]
    warning: str = ""
    foot: str = ""

    def list_texts(self) -> Iterator[str]:
        yield from (self.title, self.warning, self.foot)
        for fact in self.facts:
            yield from fact
        for table in self.tables:
            yield from (table.title, table.note, *table.columns)
            for row in table.rows:
                yield from row.cells
