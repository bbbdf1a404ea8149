"""DATEV's Buchungsstapel: EXTF, header version 700, format version 13 (developer.datev.de).

Windows-1252, semicolons, CR LF, texts in quotes, a decimal comma, days as DDMM. A row moves a
positive amount between Konto and Gegenkonto, “S” debits Konto. One file is one month, as DATEV
advises; it holds the sums of each day, batch and kind.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import BinaryIO

from django.conf import settings

from billing.books.accounts import Account, find_number
from billing.books.entries import Entry
from billing.books.formats.datev_columns import COLUMNS
from billing.books.formats.registry import BookFormat, Journal, find_missing_accounts
from billing.money import currency_decimals
from billing.periods import next_month

ENCODING = "cp1252"
MOST_ROWS = 99_999
LARGEST = 10**16  # ten digits before the comma, in millionths
DOCUMENT = re.compile(r"[^\w$%\-/]", re.ASCII)  # what Belegfeld 1 does not take
POSITIONS = {name: position for position, name in enumerate(COLUMNS)}


def write(stream: BinaryIO, journal: Journal) -> None:
    for line in _list_lines(journal):
        stream.write(f"{line}\r\n".encode(ENCODING, errors="replace"))


def _list_lines(journal: Journal) -> Iterator[str]:
    yield ";".join(_make_header(journal))
    yield ";".join(COLUMNS)
    for entry in journal.moving:
        yield ";".join(_make_row(entry, journal))


def _make_header(journal: Journal) -> list[str]:
    """Return the 31 fields of the first line, in the order of the format."""
    stated, empty = settings.BOOKS_DATEV, _quote("", 0)
    last = next_month(journal.month) - dt.timedelta(days=1)
    made_at = journal.made_at.astimezone(dt.UTC)
    return [
        _quote("EXTF", 4), "700", "21", _quote("Buchungsstapel", 14), "13",
        f"{made_at:%Y%m%d%H%M%S}{made_at.microsecond // 1000:03}", "", empty, empty, empty,
        stated.get("consultant", ""), stated.get("client", ""),
        f"{_find_year_start(journal.month):%Y%m%d}", str(len(find_number(Account.BANK))),
        f"{journal.month:%Y%m%d}", f"{last:%Y%m%d}",
        _quote(f"Authors {journal.month:%Y-%m} {journal.currency}", 30), empty, "1", "0", "0",
        _quote(journal.currency, 3), "", empty, "", "", empty, "", "", empty, empty,
    ]  # fmt: skip


def _make_row(entry: Entry, journal: Journal) -> list[str]:
    batch, month = journal.batches[entry.batch]
    debit, credit = entry.debit, entry.credit
    if entry.coins < 0:
        debit, credit = credit, debit
    cells = {
        "Umsatz (ohne Soll/Haben-Kz)": journal.in_coins(abs(entry.coins)).replace(".", ","),
        "Soll/Haben-Kennzeichen": _quote("S", 1),
        "WKZ Umsatz": _quote(journal.currency, 3),
        "Konto": find_number(debit),
        "Gegenkonto (ohne BU-Schlüssel)": find_number(credit),
        "Belegdatum": f"{entry.day:%d%m}",
        "Belegfeld 1": _quote(DOCUMENT.sub("-", batch), 36),
        "Buchungstext": _quote(f"Authors {month}: {entry.label}", 60),
        "Festschreibung": "0",
    }
    row = [""] * len(COLUMNS)
    for name, cell in cells.items():
        row[POSITIONS[name]] = cell
    return row


def _quote(text: str, length: int) -> str:
    """Return a text field: cut to its length, without control characters, in quotes."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)[:length]
    return '"{}"'.format(shown.replace('"', '""'))


def _find_year_start(month: dt.date) -> dt.date:
    """Return the first day of the financial year of the month. Raises ValueError."""
    start = dt.date.fromisoformat(
        f"{month.year}-{settings.BOOKS_DATEV.get('year_starts', '01-01')}"
    )
    return start if start <= month else start.replace(year=month.year - 1)


def find_datev_problems() -> Iterator[str]:
    """Yield what is wrong with the settings for DATEV."""
    stated = settings.BOOKS_DATEV
    for name in sorted(stated.keys() - {"consultant", "client", "year_starts"}):
        yield f"BOOKS_DATEV names “{name}”. There are: consultant, client, year_starts."
    for name, words, least, most in (
        ("consultant", "Beraternummer", 1001, 9_999_999),
        ("client", "Mandantennummer", 1, 99_999),
    ):
        number = stated.get(name, "")
        if not (number.isascii() and number.isdigit() and least <= int(number) <= most):
            yield f"BOOKS_DATEV needs {name}, DATEV's {words}: a number from {least} to {most}."
    start = stated.get("year_starts", "01-01")
    if not re.fullmatch(r"(0[1-9]|1[0-2])-01", start, re.ASCII):
        yield f"BOOKS_DATEV has year_starts={start}: give a month and its first day, as in 01-01."
    numbers = [number for account in Account if (number := find_number(account))]
    are_digits = all(re.fullmatch(r"[0-9]{4,8}", number, re.ASCII) for number in numbers)
    if not are_digits or len({len(number) for number in numbers}) > 1:
        yield "For DATEV, all numbers in BOOKS_ACCOUNTS have four to eight digits, equally many."


def check(journal: Journal) -> list[str]:
    problems = [*find_missing_accounts(journal), *find_datev_problems()]
    if (decimals := currency_decimals(journal.currency)) != 2:
        problems.append(
            f"DATEV takes amounts with two decimals, and {journal.currency} has {decimals}."
        )
    rows = journal.moving
    if len(rows) > MOST_ROWS or any(abs(entry.coins) >= LARGEST for entry in rows):
        problems.append(f"DATEV takes {MOST_ROWS:,} rows, and less than ten billion in each.")
    return problems


def name_file(journal: Journal) -> str:
    return f"EXTF_Buchungsstapel_{journal.month:%Y-%m}_{journal.currency}.csv"


FORMAT = BookFormat(
    key="datev",
    name="DATEV",
    hint="Buchungsstapel (EXTF): the sums of each day, batch and kind.",
    content_type="text/csv; charset=windows-1252",
    file_name=name_file,
    write=write,
    check=check,
)
