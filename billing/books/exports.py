"""Files of the books: made on the spot, recorded with their SHA-256, and not kept.

What they are made of does not change once the month is over, so the same month makes the same
bytes: a file made again has the moment of the first one, wherever a layout names it.
"""

import contextlib
import csv
import datetime as dt
import hashlib
import io
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.spreadsheets import guard_cell
from billing.books.formats import Journal, find_book_format
from billing.books.formats.registry import write_decimal
from billing.books.journal import list_entries
from billing.books.payee_years import list_payee_totals
from billing.books.years import list_totals, paid_in_year
from billing.errors import FileRefused, NothingToPost
from billing.models import BooksExport
from billing.money import currency_decimals, to_millionths
from billing.periods import day_of, next_month
from billing.proof.traces import trace_rows

IN_MEMORY = 5_000_000  # bytes; a larger file waits on the disk until it is sent
YEAR_COLUMNS = ["year", "author", "username", "payments", "paid", "currency"]
PAYEE_COLUMNS = [
    "year", "payee", "name", "country", "authors", "payments", "paid", "currency",
]  # fmt: skip


def export_journal(
    *, month: dt.date, currency: str, format: str, by: User, at: dt.datetime | None = None
) -> tuple[BooksExport, BinaryIO]:
    """Return a record of the file and the file, at its start. The caller closes it.

    Raises UnknownFormat, NothingToPost, and FileRefused with what the layout's check says.
    """
    at = at or timezone.now()
    layout = find_book_format(format)
    made_at = _find_first_made(month, currency, layout.key) or at
    journal = Journal(month=month, currency=currency, made_at=made_at)
    if next(list_entries(journal.window), None) is None:
        raise NothingToPost(
            f"In {month:%B %Y} no batch in {currency} was approved and no result recorded: there "
            "is no entry to hand out."
        )
    if problems := layout.check(journal):
        raise FileRefused(problems)
    kind = BooksExport.Kind.JOURNAL
    name = layout.file_name(journal)
    with _new_file() as stream:
        layout.write(stream, journal)
        return _record(stream, kind, month, currency, layout.key, name, by, at), stream


def _find_first_made(month: dt.date, currency: str, format: str) -> dt.datetime | None:
    """Return when the first file of a month that was over was made, or None."""
    files = BooksExport.objects.filter(
        kind=BooksExport.Kind.JOURNAL, first_day=month, currency=currency, format=format
    )
    moments = files.order_by("at").values_list("at", flat=True)
    return next((moment for moment in moments if day_of(moment) >= next_month(month)), None)


def export_year(
    *, year: int, currency: str, by: User, per: str = "author", at: dt.datetime | None = None
) -> tuple[BooksExport, BinaryIO]:
    """Return a record of a CSV with what each author was paid in the year, and the file.

    With `per` “payee” the rows are those of the payees. Raises NothingToPost.
    """
    if not paid_in_year(year, currency).exists():
        raise NothingToPost(f"In {year} nobody was paid in {currency}.")
    is_of_payees = per == "payee"
    layout = "csv-payees" if is_of_payees else "csv"
    facts = BooksExport.Kind.YEAR, dt.date(year, 1, 1), currency, layout
    name = f"paid-{year}-{currency}{'-payees' if is_of_payees else ''}.csv"
    with _new_file() as stream:
        (_write_payees if is_of_payees else _write_year)(stream, year, currency)
        return _record(stream, *facts, name, by, at or timezone.now()), stream


def _write_year(stream: BinaryIO, year: int, currency: str) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer, places = csv.writer(text), currency_decimals(currency)
    writer.writerow(YEAR_COLUMNS)
    for total in list_totals(year, currency):
        amount = write_decimal(to_millionths(total.amount), places)
        names = guard_cell(total.name), guard_cell(total.username)
        writer.writerow([year, *names, total.payments, amount, currency])
    text.flush()
    text.detach()


def _write_payees(stream: BinaryIO, year: int, currency: str) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer, places = csv.writer(text), currency_decimals(currency)
    writer.writerow(PAYEE_COLUMNS)
    for total in list_payee_totals(year, currency):
        amount = write_decimal(to_millionths(total.amount), places)
        who = total.payee or "", guard_cell(total.name), total.country
        writer.writerow([year, *who, total.authors, total.payments, amount, currency])
    text.flush()
    text.detach()


@contextlib.contextmanager
def _new_file() -> Iterator[BinaryIO]:
    """Yield a file that stays open for whoever sends it, unless something goes wrong."""
    stream = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
    try:
        yield stream
    except BaseException:
        stream.close()
        raise


@transaction.atomic
def _record(
    stream: BinaryIO,
    kind: BooksExport.Kind,
    first_day: dt.date,
    currency: str,
    format: str,
    file_name: str,
    by: User,
    at: dt.datetime,
) -> BooksExport:
    size = stream.tell()
    stream.seek(0)
    digest = hashlib.file_digest(cast(io.BytesIO, stream), "sha256").hexdigest()
    stream.seek(0)
    export = BooksExport.objects.create(
        kind=kind,
        first_day=first_day,
        currency=currency,
        format=format,
        file_name=file_name,
        sha256=digest,
        size=size,
        by=by,
        at=at,
    )
    trace_rows([export])
    return export
