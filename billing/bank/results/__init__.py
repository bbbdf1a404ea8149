"""Formats of files that say what the bank did, one in each file.

To add one: write a file beside csv.py with a FORMAT, and name it in the list below. matching turns
the rows of any of them into results by payment, and recording stores those. Start with recording.
"""

from billing.bank.results import csv
from billing.bank.results.registry import (
    ResultFormat,
    ResultRow,
    list_result_formats,
    read_result_file,
    register_result_format,
    unregister_result_format,
)

__all__ = [
    "ResultFormat",
    "ResultRow",
    "list_result_formats",
    "read_result_file",
    "register_result_format",
    "unregister_result_format",
]

for module in (csv,):
    register_result_format(module.FORMAT)
