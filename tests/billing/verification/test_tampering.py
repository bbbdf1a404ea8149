# ruff: noqa: S608
"""Random changes past the application: the guards refuse each, and verification finds each."""

import csv
import datetime as dt
import os
import random
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, models, transaction

from backoffice.guards import VENDORS
from billing import verification
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.folding import fold_views
from billing.guards import remove_guards
from billing.models import (
    Acknowledgement,
    Adjustment,
    CategoryPrice,
    Payment,
    PaymentExport,
    PaymentLine,
    PaymentResult,
    PayoutBatch,
    Seal,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.holds import hold_payment
from billing.prices.rules import save_price
from billing.verification import verify_payouts
from tests.factories import approve, make_blog, make_category, make_click, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AUGUST, SEPTEMBER, OCTOBER = (dt.date(2026, month, 1) for month in (8, 9, 10))
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

CHANGES_REFUSED = 1_000
# Each is a verification of the whole house; any number passes. PostgreSQL takes two of each model,
# `make test-long` as many as SQLite.
IS_SAMPLE = connection.vendor == "postgresql" and os.environ.get("TEST_ALL") != "1"
CHANGES_VERIFIED = 24 if IS_SAMPLE else 80

SEALED = [
    PayoutBatch,
    Payment,
    PaymentLine,
    Seal,
    PaymentResult,
    Acknowledgement,
    PaymentExport,
    Adjustment,
    CategoryPrice,
    PayoutBatch.history.model,
    Adjustment.history.model,
    CategoryPrice.history.model,
]


@pytest.fixture
def house():
    """Two signed months with everything that a batch can hold."""
    finance = make_user()
    category = make_category("Tech")
    for price, day in (("15", dt.date(2020, 1, 1)), ("18", dt.date(2026, 9, 15))):
        new = CategoryPrice(category=category, price_per_1000=Decimal(price), effective_from=day)
        save_price(price=new, by=finance)
    blogs = [make_blog(category=category) for _ in range(3)]
    days = [dt.date(2026, 9, 3), dt.date(2026, 9, 15), dt.date(2026, 10, 1)]
    for blog in blogs:
        for day in days:
            read(blog, day, 3)
    for blog, reason in zip(blogs, ("A prize", "Paid twice"), strict=False):
        adjustment = Adjustment(author=blog.author, amount=Decimal(2), reason=reason)
        save_adjustment(adjustment=adjustment, by=finance, at=AT)
    fold_views()
    september, _ = steps.build_batch(month=SEPTEMBER, by=finance, at=AT)
    held = september.payments.get(author=blogs[2].author)
    hold_payment(payment=held, by=finance, reason="Asked for", at=AT)
    sign(september, finance, failed=blogs[0].author)
    read(blogs[1], dt.date(2026, 9, 29), 2)
    sign(steps.build_batch(month=OCTOBER, by=finance, at=AT)[0], finance)


def read(blog, day, readers):
    start = dt.datetime.combine(day, dt.time(10), tzinfo=dt.UTC)
    for number in range(readers):
        make_click(blog, number, start=start, ip_address=f"192.0.2.{number}")


def sign(batch, finance, failed=None):
    batch = steps.submit_batch(batch=batch, by=finance, at=AT)
    batch = approve(batch, at=AT)
    export_payments(batch=batch, by=finance, at=AT)
    results = {
        payment.pk: ("failed", "Account closed") if payment.author == failed else ("paid", "")
        for payment in batch.payments.payable()
    }
    record_results(batch=batch, results=results, by=finance, at=AT)


# Ways to tamper: each returns a statement, its parameters, and the keys of the rows it is about.


def edit(model, generator):
    row, field = pick_row(model, generator), pick_field(model, generator)
    column, value = field.column, another_value(field, row, generator)
    table, key = model._meta.db_table, model._meta.pk.column
    return f'UPDATE {table} SET "{column}" = %s WHERE {key} = %s', [value, row.pk], [row.pk]


def delete(model, generator):
    row = pick_row(model, generator)
    table, key = model._meta.db_table, model._meta.pk.column
    return f"DELETE FROM {table} WHERE {key} = %s", [row.pk], [row.pk]


def insert(model, generator):
    """Insert a copy of a row, with other values where they must be unique."""
    row, key = pick_row(model, generator), model._meta.pk.column
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    new = {}
    for field in fields:
        if field.unique or field.name in ("number", "attempt", "effective_from", "digest", "flag"):
            new[field.column] = another_value(field, row, generator)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join("%s" if f.column in new else f'"{f.column}"' for f in fields)
    table, new_key = model._meta.db_table, 1_000_000 + generator.randrange(1_000_000)
    statement = f"INSERT INTO {table} ({key}, {columns}) SELECT %s, {values} FROM {table}"
    return f"{statement} WHERE {key} = %s", [new_key, *new.values(), row.pk], [new_key, row.pk]


def says(field, row):
    return field.value_to_string(row)


def swap(model, generator):
    """Let two rows exchange their values of a column."""
    field, key = pick_field(model, generator), model._meta.pk.column
    rows = [pick_row(model, generator) for _ in range(6)]
    pairs = [(a, b) for a in rows for b in rows if says(field, a) != says(field, b)]
    if not pairs:
        return edit(model, generator)
    one, other = generator.choice(pairs)
    statement = (
        f'UPDATE {model._meta.db_table} SET "{field.column}" = CASE {key} WHEN %s '
        f"THEN {cast(field)} ELSE {cast(field)} END WHERE {key} IN (%s, %s)"
    )
    values = [one.pk, raw(field, other), raw(field, one), one.pk, other.pk]
    return statement, values, [one.pk, other.pk]


WAYS = [edit, edit, edit, delete, insert, swap]

# What may be added is not sealed before a batch takes it in, nor are the facts of a file's making.
NOT_SEALED = {
    insert: {Acknowledgement, Adjustment, CategoryPrice, PaymentExport},
    delete: {PaymentExport},
}
NOT_SEALED_FIELDS = {PaymentExport: {"format", "file_name", "by", "at"}}


def pick_row(model, generator):
    """The step to “paid” comes after the seals: it follows from the results that they hold."""
    rows = model.objects.order_by("pk")
    if model is PayoutBatch.history.model:
        rows = rows.exclude(status="paid")
    return generator.choice(list(rows))


def pick_field(model, generator):
    left_out = NOT_SEALED_FIELDS.get(model, ())
    fields = model._meta.concrete_fields
    return generator.choice([f for f in fields if not f.primary_key and f.name not in left_out])


def raw(field, row):
    value = getattr(row, field.attname)
    if isinstance(field, models.BinaryField):
        return bytes(value)
    return field.get_db_prep_save(value, connection)


def cast(field):
    """A parameter whose type PostgreSQL can't tell from the column in a CASE."""
    return f"CAST(%s AS {field.db_type(connection)})" if connection.vendor == "postgresql" else "%s"


def another_value(field, row, generator):
    """Return a plausible value that differs from the row's."""
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey):
        keys = field.related_model.objects.exclude(pk=value).order_by("pk")
        value = generator.choice([*keys.values_list("pk", flat=True), 999_999_999])
    elif field.choices:
        value = generator.choice(
            [choice for choice, _ in field.choices if choice != value] or ["?"]
        )
    elif isinstance(field, models.DateTimeField):
        value = (value or AT) + dt.timedelta(seconds=generator.choice([-1, 1, 86400]))
    elif isinstance(field, models.DateField):
        value += dt.timedelta(days=generator.choice([-31, -1, 1, 31]))
    elif isinstance(field, models.DecimalField):
        value = (value or 0) + generator.choice([Decimal("0.01"), Decimal("-0.01"), Decimal(100)])
    elif isinstance(field, models.IntegerField):
        value = (value or 0) + generator.choice([1, 2, 10])
    elif isinstance(field, models.BinaryField):
        value = bytes(value).replace(b"EUR", b"USD", 1)
    else:
        value = f"{value or ''}{generator.choice('abc')}"[-(field.max_length or 10_000) :]
    return field.get_db_prep_save(value, connection)


def tamper(model, generator):
    """Tamper in a random way that keys and constraints let pass; return the rows it is about."""
    while True:
        way = generator.choice(WAYS)
        if model in NOT_SEALED.get(way, ()):
            continue
        statement, values, keys = way(model, generator)
        names = name_family(model, keys)
        try:
            with transaction.atomic():
                execute(statement, values)
                connection.check_constraints()
        except DatabaseError:
            continue
        return statement, names | name_family(model, keys)


def execute(statement, values=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def name_family(model, keys):
    """Return the names of rows, and of those that are named where a row is gone or has moved."""
    rows = list(model.objects.filter(pk__in=keys))
    family = [*rows, *(child for row in rows for child in children_of(row))]
    for row in rows:
        if hasattr(row, "history_id"):
            family += [*Seal.objects.all(), *model.objects.filter(id=row.id)]
            family += row.instance_type.objects.filter(pk=row.id)
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model._meta.app_label == "billing":
                for parent in field.related_model.objects.filter(pk=getattr(row, field.attname)):
                    family += [parent, *children_of(parent)]
    return {f"({row._meta.db_table} {row.pk})" for row in family} | {f"({model._meta.db_table})"}


def children_of(row):
    return [
        child
        for relation in row._meta.related_objects
        if relation.related_model._meta.app_label == "billing"
        for child in relation.related_model.objects.filter(**{relation.field.name: row.pk})
    ]


def test_changes_are_each_refused_by_the_guards(house):
    generator = random.Random(1)
    for number in range(CHANGES_REFUSED):
        model = SEALED[number % len(SEALED)]
        statement, values, _ = generator.choice([edit, delete, swap])(model, generator)
        with pytest.raises(DatabaseError), transaction.atomic():
            execute(statement, values)


@pytest.mark.long
def test_changes_past_the_guards_are_each_found_and_named(house, monkeypatch):
    monkeypatch.setattr(verification, "PER_MONTH", {})  # the counts are as they were,
    monkeypatch.delitem(verification.ONCE, "guards")  # and the guards are known to be away
    generator = random.Random(2)
    remove_guards(connection)
    for number in range(CHANGES_VERIFIED):
        with transaction.atomic():
            statement, names = tamper(SEALED[number % len(SEALED)], generator)
            difference = verify_payouts().difference
            assert any(name in difference for name in names), (statement, names, difference)
            transaction.set_rollback(True)
    assert verify_payouts().difference == ""


def test_guard_that_was_dropped_is_named(house):
    generator = random.Random(3)
    guards = VENDORS[connection.vendor].read_guards(connection, "billing")
    for name in generator.sample(sorted(guards), k=10):
        with transaction.atomic():
            table = f'ON "{table_of(name)}"' if connection.vendor == "postgresql" else ""
            execute(f'DROP TRIGGER "{name}" {table}')
            run = verify_payouts()
            assert (run.status, run.missing_guards) == ("failed", [name])
            transaction.set_rollback(True)


def table_of(guard):
    return f"billing_{guard.removeprefix('billing_guard_').split('_')[0]}"


def test_older_copy_of_the_database_is_found_by_the_head_that_was_handed_out(house):
    with transaction.atomic():
        blog, finance = make_blog(category=make_category("Tech")), make_user()
        read(blog, dt.date(2026, 8, 3), 2)
        fold_views()
        august, _ = steps.build_batch(month=AUGUST, at=AT)
        sign(august, finance)
        assert verify_payouts().status == "passed"
        handed_out = bytes(PaymentExport.objects.get(batch=august).content).decode()
        transaction.set_rollback(True)  # the older copy is put back
    head = next(
        row["author"]
        for row in csv.DictReader(handed_out.splitlines())
        if row["reference"] == "chain head"
    )
    assert verify_payouts().status == "passed"
    run = verify_payouts(head=head)
    assert run.status == "failed"
    assert head in run.difference
