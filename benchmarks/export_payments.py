"""Time and memory of files to the bank: the CSV against COPY TO of the same columns, and pain.001.

`python -m benchmarks.export_payments [100_000 1_000_000]` takes the numbers of payments. On
PostgreSQL. Making a file also records and guards each payment in it; writing it is what a download
does, and takes turns with COPY. Each step has a process of its own.
"""

import datetime as dt
import hashlib
import resource
import statistics
import sys
import time

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.results import write_results
from billing.bank.exports import export_payments, open_file
from billing.bulk import insert_rows
from billing.guards import install_guards, remove_guards
from billing.models import PaidPayee, Payee, PayeeDetails, Payment, PaymentExport, PayoutBatch, Seal
from billing.payees.encryption import encrypt, fingerprint
from billing.payees.keys import load_keys, make_keys
from billing.proof.digests import digest_batch, encode_canonical, hash_text
from billing.proof.traces import trace_latest_records

SIZES = [100_000]
ROUNDS = 3
MOST_WITH_ACCOUNTS = 100_000
MONTH = dt.date(2026, 9, 1)
AT = dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC)
PAYMENT = (
    "batch", "author", "author_name", "username", "reference", "status", "status_reason", "amount",
    "rounding", "carried_amount", "payee_digest", "digest",
)  # fmt: skip
COPY = (
    "payment", "payee", "version", "legal_name", "country", "language", "account_kind",
    "account_end", "account_digest", "address_digest", "digest", "key_id", "address", "account",
)  # fmt: skip
ACCOUNT = {"kind": "iban", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
ADDRESS = {"street": "Musterweg", "building_number": "7b", "postcode": "10117", "town": "Berlin"}
COPY_TO = """
    COPY (
        SELECT payment.reference, payment.author_name, payment.username, '2026-09',
            payment.amount / 1000000.0, 'EUR'
        FROM billing_exportedpayment row
        JOIN billing_payment payment ON payment.id = row.payment_id
        JOIN auth_user author ON author.id = payment.author_id
        WHERE row.export_id = (SELECT MIN(id) FROM billing_paymentexport) ORDER BY row.number
    ) TO STDOUT (FORMAT csv)
"""


def fill(payments: int) -> None:
    """Write an approved batch, of payments that wait for a file.

    What is read is read before the COPY, which has the connection for itself.
    """
    make_blogs(1)
    person, approver = (User.objects.create(username=name) for name in ("finance", "approver"))
    users = (User(username=f"payee-{number}") for number in range(payments))
    User.objects.bulk_create(users, batch_size=5_000)
    authors = User.objects.filter(username__startswith="payee-").order_by("pk")
    remove_guards(connection)
    batch = PayoutBatch.objects.create(
        month=MONTH, status="approved", currency="EUR", decimals=2, time_zone="Europe/Berlin",
        rules_version="", built_at=AT, digest="d", submitted_by=person, submitted_at=AT,
        approved_by=approver, approved_at=AT,
    )  # fmt: skip
    details = make_details(person) if payments <= MOST_WITH_ACCOUNTS else None
    rows = (
        (batch.pk, pk, f"Author Ordinary-Name {number}", f"payee-{number}",
         f"202609-1-{number:06}", "payable", "", 12_340_000, 0, 0,
         digest_of(f"202609-1-{number:06}", details) if details else "", "")
        for number, pk in enumerate(list(authors.values_list("pk", flat=True)), start=1)
    )  # fmt: skip
    insert_rows(Payment, PAYMENT, rows)
    if details:
        copy_payees(details)
    sign(batch)
    install_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def make_details(person: User) -> PayeeDetails:
    payee = Payee.objects.create(kind="person", name="Ada", created_by=person, created_at=AT)
    return PayeeDetails.objects.create(
        payee=payee, number=1, legal_name="Ada Example", country="DE", language="de", email="",
        account_kind="iban", account_end="3000", entered_by=person, entered_at=AT,
        account_digest=fingerprint(["iban", ACCOUNT["iban"]], what="account"),
        address_digest=fingerprint(ADDRESS, what="address"),
    )  # fmt: skip


def facts_of(details: PayeeDetails) -> list:
    return [
        details.payee_id, details.legal_name, details.country, details.language,
        details.account_kind, details.account_end, details.account_digest, details.address_digest,
    ]  # fmt: skip


def digest_of(reference: str, details: PayeeDetails) -> str:
    return hash_text(encode_canonical([reference, *facts_of(details)]))


def copy_payees(details: PayeeDetails) -> None:
    key, table = load_keys().id, "billing_paidpayee"
    payee, *facts = facts_of(details)
    rows = (
        (pk, payee, details.pk, *facts, digest, key,
         encrypt(ADDRESS, table=table, row=reference, field="address"),
         encrypt(ACCOUNT, table=table, row=reference, field="account"))
        for pk, reference, digest in list(
            Payment.objects.values_list("pk", "reference", "payee_digest")
        )
    )  # fmt: skip
    insert_rows(PaidPayee, COPY, rows)


def sign(batch: PayoutBatch) -> None:
    """Make the batch what its approvers signed: no file is made of another one."""
    Seal.objects.create(
        number=1, kind="approval", batch=batch, content="{}", previous_hash="", hash="h", at=AT
    )
    batch.digest = digest_batch(batch)
    batch.save()
    trace_latest_records(PayoutBatch, [batch.pk])


def measure(step, *arguments) -> dict:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started_at = time.perf_counter()
    told = step(*arguments)
    return {
        "seconds": round(time.perf_counter() - started_at, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "before_mb": before // 1024,
    } | (told or {})


def make_file(format: str) -> dict:
    settings.BANK_ACCOUNT = {"name": "Imprint Press", "iban": "DE02120300000000202051"}
    export = export_payments(batch=PayoutBatch.objects.get(), format=format, at=AT)
    return {"bytes": export.size, "payments": export.payment_count}


def write_again() -> dict:
    open_file(PaymentExport.objects.get()).close()
    return {}


def compare_with_copy() -> dict:
    """Write the CSV and let the database write it, by turns; return the median of the ratios."""
    ratios, seconds = [], []
    for _ in range(ROUNDS):
        started_at = time.perf_counter()
        digest = hashlib.sha256()
        with connection.cursor() as cursor, cursor.copy(COPY_TO) as copy:
            for portion in copy:
                digest.update(portion)
        copied = time.perf_counter()
        open_file(PaymentExport.objects.get()).close()
        written = time.perf_counter()
        ratios.append((written - copied) / (copied - started_at))
        seconds.append(written - copied)
    return {
        "ratio_to_copy": round(statistics.median(ratios), 2),
        "write_seconds": round(statistics.median(seconds), 2),
    }


def run(payments: int) -> dict:
    keys = make_keys()
    figures: dict = {"payments": payments}
    for format in ("csv", "pain001") if payments <= MOST_WITH_ACCOUNTS else ("csv",):
        with new_database("postgresql"):
            run_apart(run_with_keys, keys, fill, payments)
            figures[format] = run_apart(run_with_keys, keys, measure, make_file, format)
            figures[f"{format}_again"] = run_apart(run_with_keys, keys, measure, write_again)
            if format == "csv":
                figures |= run_apart(run_with_keys, keys, compare_with_copy)
    return figures


def run_with_keys(keys: str, function, *arguments):
    settings.PAYEE_KEYS_FILE, settings.PAYEE_KEYS = "", keys
    return function(*arguments)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    figures = []
    for payments in sizes:
        figures.append(run(payments))
        print(figures[-1], flush=True)
    write_results("export_payments", figures)


if __name__ == "__main__":
    main()
