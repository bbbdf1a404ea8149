"""Random changes past the application: the guards refuse each. What passes them: test_forging."""

import datetime as dt
import random
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.guards import VENDORS
from billing.bank.exports import describe_file, export_payments
from billing.bank.results.recording import record_results
from billing.counting.folding import fold_views
from billing.models import (
    Acknowledgement,
    Adjustment,
    CategoryPrice,
    ExportedPayment,
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
from tests.billing.forging import delete, edit, execute, swap
from tests.factories import approve, make_blog, make_category, make_click, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.thorough]

AUGUST, SEPTEMBER, OCTOBER = (dt.date(2026, month, 1) for month in (8, 9, 10))
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

CHANGES_REFUSED = 1_000

SEALED = [
    PayoutBatch,
    Payment,
    PaymentLine,
    Seal,
    PaymentResult,
    Acknowledgement,
    PaymentExport,
    ExportedPayment,
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


def test_changes_are_each_refused_by_the_guards(house):
    generator = random.Random(1)
    for number in range(CHANGES_REFUSED):
        model = SEALED[number % len(SEALED)]
        statement, values, _ = generator.choice([edit, delete, swap])(model, generator)
        if '"key_id"' in statement or '"paid_from"' in statement:
            continue  # a rotation of keys writes them; verification compares what they hide
        with pytest.raises(DatabaseError), transaction.atomic():
            execute(statement, values)


def test_guard_that_was_dropped_is_named(house):
    generator = random.Random(3)
    guards = VENDORS[connection.vendor].read_guards(connection, "billing")
    for name in generator.sample(sorted(guards), k=10):
        with transaction.atomic():
            table = f"ON {table_of(name)}" if connection.vendor == "postgresql" else ""
            execute(f'DROP TRIGGER "{name}" {table}')
            run = verify_payouts()
            assert (run.status, run.missing_guards) == ("failed", [name])
            transaction.set_rollback(True)


def table_of(guard):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = %s", [guard])
        return cursor.fetchone()[0]


def test_older_copy_of_the_database_is_found_by_the_head_that_was_handed_out(house):
    with transaction.atomic():
        blog, finance = make_blog(category=make_category("Tech")), make_user()
        read(blog, dt.date(2026, 8, 3), 2)
        fold_views()
        august, _ = steps.build_batch(month=AUGUST, at=AT)
        sign(august, finance)
        assert verify_payouts().status == "passed"
        handed_out = describe_file(PaymentExport.objects.get(batch=august))
        transaction.set_rollback(True)  # the older copy is put back
    head = handed_out["chain_head"]["hash"]
    assert verify_payouts().status == "passed"
    run = verify_payouts(head=head)
    assert run.status == "failed"
    assert head in run.difference


def test_migration_that_somebody_took_out_so_that_nothing_is_compared_is_named(house):
    execute("DELETE FROM django_migrations WHERE app = 'billing'")
    difference = verify_payouts().difference
    assert difference.startswith("The table django_migrations lacks billing.0001_")
