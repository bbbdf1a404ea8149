"""Time and memory of the journal of a month, against reading the very same lines and payments.

`python -m benchmarks.books [10_000 100_000]` takes the numbers of payments, each of three lines
and with a result. On SQLite and PostgreSQL. Each step has a process of its own.
"""

import datetime as dt
import resource
import sys
import time

from django.contrib.auth.models import User
from django.db import connection

from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.results import write_results
from billing.books.balances import find_balances
from billing.books.exports import export_journal
from billing.books.parts import Window
from billing.bulk import insert_rows
from billing.guards import remove_guards
from billing.models import CategoryPrice, Payment, PaymentLine, PaymentResult, PayoutBatch, Seal
from weblog.models import Blog

SIZES = [10_000, 100_000]
LINES_PER_PAYMENT = 3
MONTH, BOOKED_IN = dt.date(2026, 9, 1), dt.date(2026, 10, 1)
AT = dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC)
LINE = (
    "payment", "number", "kind", "blog", "category", "price", "month", "days", "views",
    "price_per_1000", "amount", "blog_title", "category_name", "note", "digest",
)  # fmt: skip
PAYMENT = (
    "batch", "author", "author_name", "username", "reference", "status", "status_reason", "amount",
    "rounding", "carried_amount", "payee_digest", "digest",
)  # fmt: skip


def fill(payments: int) -> None:
    """Write an approved batch as it stands once all of its payments are made."""
    make_blogs(1)
    blog, person = Blog.objects.get(), User.objects.create(username="finance")
    approver = User.objects.create(username="approver")
    price = CategoryPrice(category=blog.category, effective_from=MONTH, price_per_1000=5)
    price.save()
    User.objects.bulk_create(
        (User(username=f"payee-{number}") for number in range(payments)), batch_size=5_000
    )
    authors = User.objects.filter(username__startswith="payee-").order_by("pk")
    remove_guards(connection)
    batch = PayoutBatch.objects.create(
        month=MONTH, status="approved", currency="EUR", decimals=2, time_zone="Europe/Berlin",
        rules_version="", built_at=AT, digest="d", submitted_by=person, submitted_at=AT,
        approved_by=approver, approved_at=AT,
    )  # fmt: skip
    # 3 x 333 views at 5.000 are 4.995 exactly, and 5.00 are paid.
    insert_rows(
        Payment,
        PAYMENT,
        (
            (batch.pk, pk, "Author", "author", f"202609-1-{number:06}", "paid", "", 5_000_000,
             5_000, 0, "", "")
            for number, pk in enumerate(authors.values_list("pk", flat=True), start=1)
        ),
    )  # fmt: skip
    keys = list(Payment.objects.values_list("pk", flat=True))
    insert_rows(
        PaymentLine,
        LINE,
        (
            (pk, number, "views", blog.pk, blog.category_id, price.pk, MONTH, "1:333", 333,
             5_000_000, 1_665_000, blog.title, "", "", "")
            for pk in keys
            for number in range(1, LINES_PER_PAYMENT + 1)
        ),
    )  # fmt: skip
    seal = Seal.objects.create(
        number=1, kind="settlement", batch=batch, content="{}", previous_hash="", hash="h", at=AT
    )
    facts = ("payment", "seal", "outcome", "reason", "bank_reference", "by", "at")
    moment = connection.ops.adapt_datetimefield_value(AT)
    rows = ((pk, seal.pk, "paid", "", "", person.pk, moment) for pk in keys)
    insert_rows(PaymentResult, facts, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def time_reading() -> float:
    """Return the seconds of fetching the amounts of all lines and payments."""
    started_at = time.perf_counter()
    with connection.chunked_cursor() as cursor:
        for table in ("billing_paymentline", "billing_payment", "billing_paymentresult"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
            while cursor.fetchmany(2_000):
                pass
    return time.perf_counter() - started_at


def time_file(format: str) -> tuple[float, int, int]:
    """Return the seconds and bytes of a file, and this process's peak of memory in MB."""
    person = User.objects.get(username="finance")
    started_at = time.perf_counter()
    export, stream = export_journal(month=BOOKED_IN, currency="EUR", format=format, by=person)
    stream.close()
    return time.perf_counter() - started_at, export.size, read_peak()


def time_balances() -> tuple[float, int]:
    """Return the seconds of all authors' balances, and their number."""
    started_at = time.perf_counter()
    balances = find_balances(Window(until=dt.date(2026, 11, 1), currency="EUR"))
    return time.perf_counter() - started_at, len(balances)


def read_peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(vendor: str, payments: int) -> dict:
    with new_database(vendor):
        run_apart(fill, payments)
        before = run_apart(time_reading)
        seconds, size, peak = run_apart(time_file, "csv")
        reading = (before + run_apart(time_reading)) / 2
        balances, authors = run_apart(time_balances)
    assert authors == payments  # noqa: S101
    result = {
        "database": vendor,
        "payments": payments,
        "csv_seconds": round(seconds, 1),
        "csv_megabytes": round(size / 1e6, 1),
        "times_reading_the_rows": round(seconds / reading, 2),
        "peak_memory_mb": peak,
        "balances_seconds": round(balances, 1),
    }
    print(
        f"{vendor:>10} {payments:7,} payments: journal {seconds:5.1f} s, {size / 1e6:.0f} MB, "
        f"{result['times_reading_the_rows']:.1f} x reading the rows, peak {peak} MB; "
        f"balances {balances:.1f} s"
    )
    return result


def main(sizes: list[int]) -> None:
    figures = [measure(vendor, size) for vendor in ("sqlite", "postgresql") for size in sizes]
    write_results("books", figures)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
