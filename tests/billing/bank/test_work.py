"""What a bank's answer asks of the database, counted in statements and in rows read."""

import contextlib
import json

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.mailing.models import Mail
from billing.bank.results import matching, recording
from billing.bank.results.matching import compare_results
from billing.bank.results.recording import record_results
from billing.bank.results.registry import ResultRow
from billing.models import ExportedPayment, Payment, PaymentExport, PaymentResult, PayoutBatch
from tests.billing.batches import AT, OCTOBER
from tests.billing.tampering import without_guards
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

STATEMENTS_A_PORTION = 7
EXPLAINING = {
    "client_min_messages": "notice",
    "auto_explain.log_level": "notice",
    "auto_explain.log_min_duration": 0,
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
}
REMOVERS = ("Filter", "Join Filter", "Index Recheck")


def make_sent_batch(payments):
    """Make an approved batch of so many payments that are in a file to the bank."""
    submitter, approver = make_user(), make_user()
    users = User.objects.bulk_create(
        User(username=f"payee{n}", email=f"payee{n}@example.com") for n in range(payments)
    )
    with without_guards():
        batch = PayoutBatch.objects.create(
            month=OCTOBER, status="approved", currency="EUR", decimals=2, digest="d",
            time_zone="Europe/Berlin", built_at=AT, submitted_by=submitter, submitted_at=AT,
            approved_by=approver, approved_at=AT,
        )  # fmt: skip
        made = Payment.objects.bulk_create(
            Payment(batch=batch, author=user, reference=f"202610-1-{n:06}", amount=1, rounding=0)
            for n, user in enumerate(users, start=1)
        )
        export = PaymentExport.objects.create(
            batch=batch, format="csv", file_name="x.csv", sha256="0" * 64, content=b"", at=AT
        )
        ExportedPayment.objects.bulk_create(
            ExportedPayment(payment=payment, export=export, number=n)
            for n, payment in enumerate(made, start=1)
        )
    return batch


@pytest.fixture
def answer(django_capture_on_commit_callbacks):
    """Take in that the bank paid these, write the mails, and return the number of statements."""

    def take_in(batch, payments):
        with (
            CaptureQueriesContext(connection) as queries,
            django_capture_on_commit_callbacks(execute=True),
        ):
            record_paid(batch, payments)
        return len(queries)

    return take_in


def record_paid(batch, payments):
    rows = [
        ResultRow(number, payment.reference, "paid", "")
        for number, payment in enumerate(payments, start=1)
    ]
    match = compare_results(batch=batch, rows=rows)
    record_results(batch=batch, results=match.results, by=make_user(), at=AT)


def test_statements_grow_with_portions_and_not_with_payments(answer, monkeypatch):
    monkeypatch.setattr(matching, "ROWS_AT_A_TIME", 10)
    monkeypatch.setattr(recording, "PAYMENTS_AT_A_TIME", 10)
    batch = make_sent_batch(112)  # one waits at the end
    payments = list(batch.payments.in_order())
    parts = payments[:21], payments[21:51], payments[51:111]  # more mails than are sent at once
    fewer, three_portions, six = (answer(batch, part) for part in parts)
    assert fewer == three_portions
    assert six - three_portions == 3 * STATEMENTS_A_PORTION
    assert Mail.objects.count() == 111


@pytest.mark.postgresql
@pytest.mark.parametrize("before", [1, 10])
def test_guards_read_no_more_of_a_payment_among_many(answer, before):
    """Neither without statistics of the results, nor with plans of when there were a few."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite keeps no plans.")
    batch = make_sent_batch(1_000 + before)
    payments = list(batch.payments.in_order())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE billing_paymentresult")  # of no rows, as after a restored backup
    answer(batch, payments[:before])
    with explaining() as plans:
        answer(batch, payments[before:])
    assert PaymentResult.objects.count() == batch.payments.filter(status="paid").count()
    assert Mail.objects.count() == 1_000 + before
    assert len(plans) > 2_000  # those of the guards are among them
    assert sum(map(count_rows, plans)) < 100 * 1_000


@contextlib.contextmanager
def explaining():
    """Gather the plans of all statements, and of those within triggers, with what they read."""
    plans = []

    def note(diagnostic):
        _, _, plan = diagnostic.message_primary.partition("plan:")
        if plan:
            plans.append(json.loads(plan)["Plan"])

    connection.connection.add_notice_handler(note)
    with connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'")
        for name, value in EXPLAINING.items():
            cursor.execute(f"SET LOCAL {name} = {value}")
    yield plans
    connection.connection.remove_notice_handler(note)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL auto_explain.log_min_duration = -1")


def count_rows(node):
    """Return how many rows the parts of a plan gave on, or looked at and left."""
    seen = node["Actual Rows"] + sum(node.get(f"Rows Removed by {part}", 0) for part in REMOVERS)
    return seen * node["Actual Loops"] + sum(map(count_rows, node.get("Plans", [])))
