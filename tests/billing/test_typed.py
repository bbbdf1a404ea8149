import datetime as dt
from decimal import Decimal

import pytest

from billing.typed import read_amounts, read_day, read_months

pytestmark = pytest.mark.any_database

TODAY = dt.date(2026, 11, 27)
OCTOBER = dt.date(2026, 10, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10", "2026/10", "2026.10", "2026 10", "202610", "10/2026", "10.2026", "October 2026",
        "oct 2026", "OCT. 2026", "2026 october", "octo 2026", "Oktober 2026", "Okt. 2026",
        "  october   2026 ", "October, 2026", "2026-10-05", "5 Oct 2026", "5.10.2026", "05/10/2026",
        "October 5, 2026", "5th October 2026", "5. Oktober 2026",
    ],
)  # fmt: skip
def test_month_is_read_however_it_is_typed(text):
    assert read_months(text, today=TODAY) == [OCTOBER]


def test_name_without_a_year_is_the_last_three_that_have_begun():
    years = [month.year for month in read_months("december", today=TODAY)]
    assert years == [2025, 2024, 2023]
    assert read_months("nov", today=TODAY)[0] == dt.date(2026, 11, 1)


@pytest.mark.parametrize(
    "text",
    ["", "ma", "ju", "octopus", "13/2026", "2026-13", "2026-00", "0001-01", "9999-12", "october 26",
     "2026 october 2026", "66.09", "1 2 3", "x" * 500, "2026-02-30"],
)  # fmt: skip
def test_what_is_no_month_is_none(text):
    assert read_months(text, today=TODAY) == []


def test_day_stands_before_the_month():
    assert read_day("3.4.2026") == dt.date(2026, 4, 3)
    assert read_day("Feb 29, 2024") == dt.date(2024, 2, 29)
    assert read_day("29 Feb 2026") is None


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("66.09", ["66.09"]),
        ("66,09", ["66.09"]),
        ("$66.09", ["66.09"]),
        ("66,09 €", ["66.09"]),
        ("USD 66.09", ["66.09"]),
        ("66.09 usd", ["66.09"]),
        ("CHF\u00a066.09", ["66.09"]),
        ("US$66.09", ["66.09"]),
        ("-$66.09", ["-66.09"]),
        ("−66,09", ["-66.09"]),
        ("1,234.50", ["1234.50"]),
        ("1.234,50", ["1234.50"]),
        ("1 234,50", ["1234.50"]),
        ("1’234.50", ["1234.50"]),
        ("1,234", ["1.234", "1234"]),
        ("1,234,567", ["1234567"]),
        ("66", ["66"]),
        ("66.", ["66.0"]),
        ("0.000001", ["0.000001"]),
        ("999999999.999999", ["999999999.999999"]),
    ],
)
def test_amount_is_read_however_it_is_typed(text, amounts):
    assert read_amounts(text) == [Decimal(amount) for amount in amounts]


@pytest.mark.parametrize(
    "text",
    ["", ".", "$", "1.2.3", "12,34,56", "1e5", "Infinity", "NaN", "66.09x", "1000000000",
     "0.0000001", "10-2026", "202610-1-000005", "٣٫٥", "abc"],
)  # fmt: skip
def test_what_is_no_amount_is_none(text):
    assert read_amounts(text) == []
