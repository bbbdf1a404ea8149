"""Files that were made of money: for the bank, for the books; and how a bank's table is read."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource, register_trail_source
from billing.models import BankTable, BooksExport, PaymentExport
from billing.money import format_amount

EXPORTS = "billing.paymentexport"
BOOKS = "billing.booksexport"
TABLES = "billing.banktable"


def offer_files() -> None:
    register_trail_source(
        TrailSource(
            key=EXPORTS,
            label="Files to the bank",
            model=PaymentExport,
            describe=_describe_exports,
            select=lambda rows: rows.select_related("by", "batch").defer("content", "paid_from"),
            words=("file_name", "sha256", "message_id"),
            permission="billing.view_paymentexport",
        )
    )
    register_trail_source(
        TrailSource(
            key=BOOKS,
            label="Files of the books",
            model=BooksExport,
            describe=_describe_books,
            select=lambda rows: rows.select_related("by"),
            words=("file_name", "sha256"),
            permission="billing.view_booksexport",
        )
    )
    register_trail_source(
        TrailSource(
            key=TABLES,
            label="Layouts of banks’ tables",
            model=BankTable,
            describe=_describe_tables,
            select=lambda rows: rows.select_related("by"),
            words=("header_sha256",),
            permission="billing.settle_payoutbatch",
        )
    )


def _describe_exports(exports: list[Any]) -> Iterable[Entry]:
    for export in exports:
        text = f"SHA-256 {export.sha256}"
        if export.total is not None:
            total = format_amount(export.total, currency=export.batch.currency)
            text = f"{export.payment_count:,} payments, {total}. {text}"
        yield Entry(
            at=export.at,
            by=export.by,
            nobody="command line",
            action="Exported",
            kind="file to the bank",
            subject=f"{export.file_name}, {export.batch}",
            text=text,
            place=(PaymentExport, export.pk),
            url=reverse("admin:billing_paymentexport_change", args=[export.pk]),
            permission="billing.view_paymentexport",
        )


def _describe_books(exports: list[Any]) -> Iterable[Entry]:
    for export in exports:
        yield Entry(
            at=export.at,
            by=export.by,
            action="Exported",
            kind="file of the books",
            subject=export.file_name,
            text=f"SHA-256 {export.sha256}",
            url=reverse("admin:billing_books_changelist"),
            permission="billing.view_booksexport",
        )


def _describe_tables(tables: list[Any]) -> Iterable[Entry]:
    for table in tables:
        yield Entry(
            at=table.at,
            by=table.by,
            action="Chosen",
            kind="layout of a bank’s table",
            subject=str(table),
            text=", ".join(f"{name}: {value}" for name, value in table.choices.items() if value),
        )
