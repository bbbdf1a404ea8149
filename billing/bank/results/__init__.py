"""Formats of files that say what the bank did, one in each file.

To add one: write a file beside csv.py with a FORMAT, and name it in the list below. apart reads
files of all of them, layouts tables with columns of a bank's own. matching says what becomes of the
rows of any of them, and recording stores the results. Start with recording.
"""

from billing.bank.results import csv, iso20022
from billing.bank.results.registry import (
    ResultFormat,
    ResultRow,
    find_result_format,
    list_result_formats,
    register_result_format,
    unregister_result_format,
)

__all__ = [
    "ResultFormat",
    "ResultRow",
    "find_result_format",
    "list_result_formats",
    "register_result_format",
    "unregister_result_format",
]

for module in (csv, iso20022):
    register_result_format(module.FORMAT)
