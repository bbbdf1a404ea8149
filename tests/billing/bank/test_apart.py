"""A file of a bank is read in a process of its own, within bounds that its batch sets."""

import time
from pathlib import Path

import pytest

from backoffice import bounded
from billing.bank.results import apart, csv, iso20022
from billing.bank.results.apart import read_result_file, read_table_apart
from billing.errors import InvalidResults

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

SAMPLES = Path(__file__).parent / "samples"
TABLE = """reference,outcome,reason
202610-1-000001,paid

202610-1-000002,failed,"Closed, for good"
"""


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ((SAMPLES / "pain.002.001.10.xml").read_bytes(), iso20022.read_message),
        (TABLE.encode(), csv.read),
        ("﻿reference;outcome;reason\nä;failed;Zürich\n".encode(), csv.read),
    ],
)
def test_rows_are_those_of_the_format(content, read):
    assert read_result_file(content, payments=3) == read(content) != []


@pytest.mark.thorough
def test_what_is_wrong_is_told_from_the_other_process():
    content = (SAMPLES / "pain.002.001.10.xml").read_bytes()
    with pytest.raises(InvalidResults, match="Line 42: the file breaks off"):
        read_result_file(content[:1500], payments=3)
    with pytest.raises(InvalidResults, match="Row 2: the file is not text in UTF-8"):
        read_result_file(b"a,paid\n\xff", payments=3)


@pytest.mark.thorough
def test_nothing_of_a_file_is_parsed_here(monkeypatch):
    monkeypatch.setattr(csv, "read_cells", None)
    monkeypatch.setattr(iso20022, "PartReader", None)
    for content in (TABLE.encode(), (SAMPLES / "pain.002.001.10.xml").read_bytes()):
        assert read_result_file(content, payments=3)


@pytest.mark.thorough
def test_more_rows_than_the_batch_can_have_are_refused(monkeypatch):
    content = "a,paid\n" * 20_013
    with pytest.raises(InvalidResults, match="more than 20,012 rows, too many for this batch"):
        read_table_apart(content.encode(), payments=3)
    assert len(read_table_apart(content.encode(), payments=4)) == 20_013


def test_reading_is_ended_by_the_clock(monkeypatch):
    monkeypatch.setattr(apart, "SECONDS", 0.01)
    with pytest.raises(InvalidResults, match=r"takes more than 0\.01 seconds to read"):
        read_result_file(TABLE.encode(), payments=3)


@pytest.mark.parametrize(("payments", "seconds"), [(3, 3), (100_000, 53), (1_000_000, 60)])
def test_more_payments_have_more_time_up_to_a_minute(monkeypatch, payments, seconds):
    asked = []

    def note(*args, bounds, **options):
        asked.append(bounds.seconds)
        raise bounded.Unreadable("Enough.")

    monkeypatch.setattr(bounded, "run_bounded", note)
    with pytest.raises(InvalidResults):
        read_table_apart(TABLE.encode(), payments=payments)
    assert asked == [seconds]


def test_lines_just_short_enough_take_no_time():
    """To look for a longer line from each character took minutes."""
    text = ("x" * 9_999 + "\n") * 1_000
    started = time.process_time()
    assert len(list(csv.read_cells(text))) == 1_000
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("row", "rows", "problem"),
    [("," * 100 + "a", 1, "more than 100 columns"), ("," * 99 + "a", 9_000, "too many cells")],
)
def test_table_that_is_wider_than_any_is_refused(row, rows, problem):
    with pytest.raises(InvalidResults, match=problem):
        csv.read(f"{row}\n".encode() * rows)
