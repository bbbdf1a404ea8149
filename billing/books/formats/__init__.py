"""Layouts in which a month's journal is handed out, one in each file.

To add one: write a file beside neutral.py with a FORMAT, and name it in the list below. The page,
the download and its record take whatever is registered. Start with registry.
"""

from billing.books.formats import datev, neutral, xero
from billing.books.formats.registry import (
    BookFormat,
    Journal,
    find_book_format,
    list_book_formats,
    register_book_format,
)

__all__ = [
    "BookFormat",
    "Journal",
    "find_book_format",
    "list_book_formats",
    "register_book_format",
]

for module in (neutral, datev, xero):
    register_book_format(module.FORMAT)
