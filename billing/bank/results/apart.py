"""Reads a bank's file in a process of its own, within bounds on time, memory and rows.

The bounds grow with the batch that the file is about: a file of 20 MB for a batch of three payments
is not what it says. Nothing that is imported here may need Django's settings: the process has none.
"""

import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from functools import lru_cache
from typing import IO, BinaryIO

from backoffice.bounded_child import Refused
from billing.bank.results import csv
from billing.bank.results.csv import Table
from billing.bank.results.registry import (
    ResultRow,
    find_result_format,
    get_result_format,
    refuse,
)
from billing.errors import InvalidResults

ROWS, ROWS_A_PAYMENT, MOST_ROWS = 20_000, 4, 400_000  # statements list others' payments too
# An answer of 28 MB about 100,000 payments took 22 seconds of a slow processor.
SECONDS, PAYMENTS_A_SECOND, MOST_SECONDS = 3, 2_000, 60
MEMORY, MEMORY_A_PAYMENT, MOST_MEMORY = 400_000_000, 3_000, 700_000_000
ANSWER, ANSWER_A_PAYMENT, MOST_ANSWER = 15_000_000, 1_000, 50_000_000


def read_result_file(content: bytes, *, payments: int) -> list[ResultRow]:
    """Return the rows of a file in any format, for a batch of so many payments.

    Raises InvalidResults. A format that others registered is read here.
    """
    return list(stream_result_file(content, payments=payments))


def stream_result_file(content: bytes, *, payments: int) -> Iterable[ResultRow]:
    """Return what read_result_file does, to be read once; the rows of large files wait on disk."""
    format = find_result_format(content)
    if format is csv.FORMAT:
        return csv.take_rows(read_table_apart(content, payments=payments))
    if not format.is_read_apart:
        return format.read(content)
    return _take_rows(_run("run_rows", content, payments, format.key))


def _take_rows(answer: IO[bytes]) -> Iterator[ResultRow]:
    with answer:
        for line in answer:
            yield _take_row(json.loads(line))


def read_table_apart(content: bytes, *, payments: int) -> Table:
    """Return (number, cells) of each row of a table that is not empty. Raises InvalidResults."""
    with _run("run_cells", content, payments) as answer:
        return [tuple(json.loads(line)) for line in answer]


def _run(function: str, content: bytes, payments: int, *args: str) -> IO[bytes]:
    from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded

    try:
        return run_bounded(
            f"{__name__}:{function}",
            io.BytesIO(content),
            what="This file",
            advice="Ask the bank for smaller files, or record the results by hand.",
            bounds=Bounds(
                seconds=min(SECONDS + payments // PAYMENTS_A_SECOND, MOST_SECONDS),
                memory=min(MEMORY + payments * MEMORY_A_PAYMENT, MOST_MEMORY),
                answer=min(ANSWER + payments * ANSWER_A_PAYMENT, MOST_ANSWER),
            ),
            args=(str(min(ROWS + payments * ROWS_A_PAYMENT, MOST_ROWS)), *args),
        )
    except Unreadable as error:
        raise InvalidResults(str(error).split("\n")) from None
    except BoundReached as error:
        raise InvalidResults([str(error)]) from None


def run_rows(source: BinaryIO, answer: BinaryIO, most_rows: str, key: str) -> None:
    """Write the rows of a file as lines of JSON, for backoffice.bounded."""
    with _told_as_refused():
        rows = get_result_format(key).read(source.read())
        _check_number(len(rows), int(most_rows))
    for row in rows:
        _write(answer, asdict(row))


def run_cells(source: BinaryIO, answer: BinaryIO, most_rows: str) -> None:
    """Write the number and the cells of each row of a table as lines of JSON."""
    with _told_as_refused():
        for count, row in enumerate(csv.read_cells(csv.decode(source.read())), start=1):
            _check_number(count, int(most_rows))
            _write(answer, row)


def _check_number(rows: int, most_rows: int) -> None:
    if rows > most_rows:
        refuse(
            [
                f"There are more than {most_rows:,} rows, too many for this batch. Is this the "
                "right file?"
            ]
        )


def _write(answer: BinaryIO, value) -> None:
    answer.write(json.dumps(value, default=str, ensure_ascii=False).encode() + b"\n")


@contextmanager
def _told_as_refused() -> Iterator[None]:
    try:
        yield
    except InvalidResults as error:
        raise Refused("\n".join(error.problems)) from None


def _take_row(facts: dict) -> ResultRow:
    amount, day = facts.pop("amount"), facts.pop("value_date")
    return ResultRow(
        **facts,
        amount=None if amount is None else Decimal(amount),
        value_date=_take_day(day) if day else None,
    )


_take_day = lru_cache(dt.date.fromisoformat)  # thousands of rows share a day
