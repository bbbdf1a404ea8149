"""Rows that the guards protect, made and changed by SQL for the tests of the guards."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import (
    Acknowledgement,
    Adjustment,
    ExportedPayment,
    Hold,
    Payment,
    PaymentExport,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    Seal,
)
from tests.billing.tampering import without_guards
from tests.factories import make_blog, make_price, make_user, make_view_seal

AT = dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC)

STATUSES = ["draft", "submitted", "approved", "paid", "cancelled"]
SIGNED = ["submitted", "approved", "paid"]
NO_DRAFT = [*SIGNED, "cancelled"]

APPROVE = (
    "UPDATE billing_payoutbatch SET status = 'approved', approved_at = %s, approved_by_id = %s"
)
APPROVE_FIRST = "UPDATE billing_payoutbatch SET approved_at = %s, approved_by_id = %s"
APPROVE_SECOND = (
    "UPDATE billing_payoutbatch SET status = 'approved', second_approved_at = %s, "
    "second_approved_by_id = %s"
)


def execute(sql, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


def refuses(sql, *params):
    """Return whether a guard refuses the statement, which changes rows and breaks no constraint."""
    try:
        rows = execute(sql, *params)
    except IntegrityError as error:
        return "billing: " in str(error) or pytest.fail(f"Something else refused it: {error}")
    assert rows
    return False


def copy_of(model, **values):
    """Return SQL that copies every row of a table, with other values in some columns."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if field.name != "id"]
    copies = [str(values.get(column, column)) for column in columns]
    columns, copies = ", ".join(columns), ", ".join(copies)
    return f"INSERT INTO {table} ({columns}) SELECT {copies} FROM {table}"  # noqa: S608


def make_batch(status="draft", month=dt.date(2026, 10, 1)):
    """A batch with a payment of a line of views and one of an adjustment, moved to a status."""
    batch = PayoutBatch.objects.create(
        month=month, currency="EUR", time_zone="UTC", rules_version="1", built_at=AT
    )
    blog = make_blog()
    payment = Payment.objects.create(
        batch=batch, author=blog.author, author_name="Ada Sample", reference=f"R{batch.pk}",
        amount=Decimal(11), rounding=Decimal(0),
    )  # fmt: skip
    PaymentLine.objects.create(
        payment=payment, number=1, blog=blog, category=blog.category, month=month, amount=10,
        price=make_price(blog.category, "10"), price_per_1000=10, views=1000,
    )  # fmt: skip
    adjustment = Adjustment.objects.create(
        author=blog.author, amount=1, reason="Award", created_by=make_user(), created_at=AT
    )
    PaymentLine.objects.create(
        payment=payment, number=2, kind="adjustment", adjustment=adjustment, month=month, amount=1
    )
    if status in SIGNED:
        submit(batch)
    if status in ("approved", "paid"):
        execute(f"{APPROVE} WHERE id = %s", AT, make_user().pk, batch.pk)
    if status in ("paid", "cancelled"):
        execute("UPDATE billing_payoutbatch SET status = %s WHERE id = %s", status, batch.pk)
    batch.refresh_from_db()
    return batch


def submit(batch, *, approvals_needed=1):
    make_view_seal(batch.month, "submission", attempt=batch.attempt, digest="d")
    execute(
        "UPDATE billing_payoutbatch SET status = 'submitted', digest = 'd', submitted_by_id = %s, "
        "submitted_at = %s, approvals_needed = %s WHERE id = %s",
        make_user().pk, AT, approvals_needed, batch.pk,
    )  # fmt: skip


def make_acknowledgement(batch):
    return Acknowledgement.objects.create(
        batch=batch, digest="d", flag="first", message="First", text="Seen", by=make_user(), at=AT
    )


def make_export(batch):
    """A file with all payments of the batch, whatever its status."""
    export, is_new = PaymentExport.objects.get_or_create(
        batch=batch,
        format="csv",
        defaults={"file_name": "f", "sha256": "s", "content": b"", "at": AT},
    )
    if is_new:
        with without_guards():
            ExportedPayment.objects.bulk_create(
                ExportedPayment(export=export, payment=payment, number=number)
                for number, payment in enumerate(batch.payments.all(), start=1)
            )
    return export


def make_result(payment, outcome):
    """A result, after a file of its batch."""
    make_export(payment.batch)
    return make_bare_result(payment, outcome)


def make_bare_result(payment, outcome, *, reason="Said the bank", by=None):
    number = Seal.objects.count() + 1
    seal = Seal.objects.create(
        number=number, kind="settlement", batch=payment.batch, content="{}", previous_hash="0",
        hash=number, at=AT,
    )  # fmt: skip
    by = by or make_user()
    return PaymentResult.objects.create(
        payment=payment, seal=seal, outcome=outcome, reason=reason, by=by, at=AT
    )


def make_hold(author, **values):
    return Hold.objects.create(
        author=author, kind="hold", reason="Asked for", created_by=make_user(), created_at=AT,
        **values,
    )  # fmt: skip
