"""Formats of files to the bank, one in each file.

To add one: write a file beside csv.py with a FORMAT, and name it in the list below. The dialog, the
command, the download, the digest and the seal take whatever is registered. Start with registry.
"""

from billing.bank.formats import csv, nacha, pain001, paypal, wise, xlsx
from billing.bank.formats.registry import (
    BankFormat,
    Fit,
    find_format,
    list_formats,
    register_format,
    unregister_format,
)

__all__ = [
    "BankFormat",
    "Fit",
    "find_format",
    "list_formats",
    "register_format",
    "unregister_format",
]

for module in (csv, xlsx, pain001, nacha, wise, paypal):
    register_format(module.FORMAT)
