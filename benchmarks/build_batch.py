"""Time of building a batch, against one INSERT .. SELECT of its lines and the article's loop.

`python -m benchmarks.build_batch [10_000 100_000 1_000_000]` takes the numbers of daily counts.
There are a tenth as many authors, 20 categories, and a price that changes within the month. On
PostgreSQL.
"""

import datetime as dt
import resource
import sys
import time
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import connection, transaction

from backoffice.signing import save_signed
from benchmarks.databases import new_database, run_apart
from benchmarks.results import write_results
from billing.guards import install_guards, remove_guards
from billing.models import CategoryPrice, DailyViewCount, PaymentLine, PayoutBatch, ViewSeal
from billing.payouts.steps import build_batch
from billing.proof.sealing import name_batch
from billing.proof.view_seals import append_view_seal
from weblog.models import Category

SIZES = [10_000, 100_000, 1_000_000]
MONTH = dt.date(2026, 9, 1)
AT = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
BLOGS_PER_AUTHOR = 10
CATEGORIES = 20
LOOP_AUTHORS = 300

FILL = """
INSERT INTO auth_user (username, first_name, last_name, email, password, is_active, is_staff,
    is_superuser, date_joined)
SELECT 'author-' || n, 'Author', 'Number ' || n, '', '!', true, false, false, now()
FROM generate_series(1, {authors}) n;
INSERT INTO weblog_blog ({blog_columns}) SELECT {blog_values}
FROM (
    SELECT row_number() OVER (ORDER BY n, u.id) AS n, u.id AS author_id
    FROM auth_user u, generate_series(1, {blogs_per_author}) n
) numbered;
INSERT INTO billing_dailyviewcount (blog_id, author_id, category_id, day, views, seal_id)
SELECT id, author_id, category_id, '{month}'::date + (id % 30)::int, 1 + id % 500, {seal}
FROM weblog_blog;
INSERT INTO billing_monthlyviewcount (blog_id, author_id, category_id, month, views, seal_id)
SELECT blog_id, author_id, category_id, '{month}', views, seal_id FROM billing_dailyviewcount;
INSERT INTO billing_dailycategorycount (category_id, day, views, seal_id)
SELECT category_id, day, SUM(views), MAX(seal_id) FROM billing_dailyviewcount GROUP BY 1, 2;
ANALYZE;
"""

# The digest is that of billing.proof.digests.digest_line, so the lines can be compared exactly.
LINES = """
INSERT INTO billing_paymentline (payment_id, number, kind, month, blog_id, blog_title, category_id,
    category_name, price_id, price_per_1000, days, views, note, amount, digest)
SELECT payment_id, number, 'views', '{month}', blog_id, title, category_id, name, price_id,
    price_per_1000, days, views, '', amount,
    encode(sha256(convert_to(array_to_json(ARRAY[to_json(reference), to_json(number),
        '"views"', '"{month}"', to_json(blog_id), to_json(title), to_json(category_id),
        to_json(name), to_json(price_id), to_json(price_per_1000), to_json(days), to_json(views),
        NULL, NULL, '""', to_json(amount)])::text, 'UTF8')), 'hex')
FROM (
    SELECT p.id AS payment_id, p.reference,
        row_number() OVER (PARTITION BY p.id ORDER BY c.blog_id) AS number,
        c.blog_id, b.title, c.category_id, k.name, c.price_id, r.price_per_1000, c.days, c.views,
        c.views * r.price_per_1000 / 1000 AS amount
    FROM (
        SELECT author_id, blog_id, category_id, price_id, SUM(views)::bigint AS views,
            string_agg(EXTRACT(day FROM day) || ':' || views, ' ' ORDER BY day) AS days
        FROM (
            SELECT d.*, (
                SELECT id FROM billing_categoryprice
                WHERE category_id = d.category_id AND effective_from <= d.day
                ORDER BY effective_from DESC LIMIT 1
            ) AS price_id
            FROM billing_dailyviewcount d WHERE day >= '{month}' AND day < '{next_month}'
        ) priced
        GROUP BY 1, 2, 3, 4
    ) c
    JOIN billing_payment p ON p.author_id = c.author_id
    JOIN billing_categoryprice r ON r.id = c.price_id
    JOIN weblog_blog b ON b.id = c.blog_id
    JOIN weblog_category k ON k.id = c.category_id
) lines
"""

PAYMENTS = """
INSERT INTO billing_payment (batch_id, author_id, author_name, username, reference, status,
    status_reason, amount, rounding, carried_amount, digest)
SELECT {batch}, author_id, '', '', '{name}-' || lpad(number::text, 6, '0'), 'payable', '', 10000, 0,
    0, ''
FROM (
    SELECT author_id, row_number() OVER (ORDER BY author_id) AS number
    FROM (SELECT DISTINCT author_id FROM billing_dailyviewcount) authors
) numbered
"""


def fill(rows: int) -> None:
    categories = Category.objects.bulk_create(
        Category(name=f"Category {n}", slug=f"category-{n}") for n in range(CATEGORIES)
    )
    finance = User.objects.create_user("finance of the benchmark")
    for category in categories:
        for start, price in [(dt.date(2020, 1, 1), 4), (MONTH.replace(day=15), Decimal("5.5"))]:
            new = CategoryPrice(category=category, effective_from=start, price_per_1000=price)
            save_signed(new, by=finance, reason="Agreed")
    values = {
        "title": "'Blog ' || n",
        "slug": "'blog-' || n",
        "author_id": "author_id",
        "category_id": f"{categories[0].pk} + n % {CATEGORIES}",
        "status": "'published'",
        "publish_at": "now()",
        "created_at": "now()",
        "updated_at": "now()",
    }
    seal = append_view_seal(kind=ViewSeal.Kind.RECOUNT, day=MONTH, at=AT)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = "
            "'weblog_blog' AND is_nullable = 'NO' AND is_identity = 'NO'"
        )
        for column, data_type in cursor.fetchall():
            values.setdefault(column, "''" if data_type.startswith(("char", "text")) else "0")
        cursor.execute(
            FILL.format(
                authors=rows // BLOGS_PER_AUTHOR,
                blogs_per_author=BLOGS_PER_AUTHOR,
                month=MONTH,
                seal=seal.number,
                blog_columns=", ".join(values),
                blog_values=", ".join(values.values()),
            )
        )


def time_sql() -> tuple[float, str]:
    """Return the seconds of the lines only, with foreign keys and commit, and their digest."""
    batch = PayoutBatch.objects.create(month=MONTH, built_at=AT, currency="EUR")
    with connection.cursor() as cursor:
        cursor.execute(PAYMENTS.format(batch=batch.pk, name=name_batch(batch)))
        cursor.execute("ANALYZE billing_payment")
        started_at = time.perf_counter()
        with transaction.atomic():
            cursor.execute(LINES.format(month=MONTH, next_month="2026-10-01"))
        seconds = time.perf_counter() - started_at
    digest = _digest_lines()
    _take_away(batch)
    return seconds, digest


def _digest_lines() -> str:
    """Return one digest of all lines' digests."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(string_agg(l.digest, '' ORDER BY p.reference, l.number)) "
            "FROM billing_paymentline l JOIN billing_payment p ON p.id = l.payment_id"
        )
        return cursor.fetchone()[0]


def _take_away(batch: PayoutBatch) -> None:
    remove_guards(connection)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM billing_paymentline")
        cursor.execute("DELETE FROM billing_payment")
        cursor.execute("DELETE FROM billing_payoutbatch WHERE id = %s", [batch.pk])
    install_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL billing_paymentline, billing_payment")
        cursor.execute("ANALYZE billing_paymentline, billing_payment")


def time_build() -> tuple[float, str, int, int]:
    """Return seconds, the lines' digest and number, and this process's peak of memory in MB."""
    started_at = time.perf_counter()
    batch, _ = build_batch(month=MONTH, at=AT)
    seconds = time.perf_counter() - started_at
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    digest, lines = _digest_lines(), PaymentLine.objects.count()
    _take_away(batch)
    return seconds, digest, lines, peak


def time_loop(authors: int) -> float:
    """Return the seconds of the article's loop for an author: a query for each of their blogs.

    Its rows are rolled back.
    """
    with transaction.atomic():
        started_at = time.perf_counter()
        batch = PayoutBatch.objects.create(month=MONTH, built_at=AT, currency="EUR")
        for author in User.objects.order_by("pk")[:authors]:
            payment = batch.payments.create(
                author=author, reference=author.pk, amount=1, rounding=0, author_name=str(author)
            )
            counts = DailyViewCount.objects.filter(author=author, day__gte=MONTH)
            total = Decimal(0)
            for number, count in enumerate(counts, start=1):
                price = (
                    CategoryPrice.objects.filter(
                        category=count.category, effective_from__lte=count.day
                    )
                    .order_by("-effective_from")
                    .first()
                )
                amount = count.views * price.price_per_1000 / 1000
                payment.lines.create(
                    number=number, blog=count.blog, category=count.category, price=price,
                    month=MONTH, views=count.views, price_per_1000=price.price_per_1000,
                    amount=amount,
                )  # fmt: skip
                total += amount
            payment.amount = round(total, 2) or Decimal("0.01")
            payment.save()
        seconds = time.perf_counter() - started_at
        transaction.set_rollback(True)
    return seconds / authors


def measure(rows: int) -> dict:
    with new_database("postgresql"):
        run_apart(fill, rows)
        before, digest = run_apart(time_sql)
        seconds, built, lines, peak = run_apart(time_build)
        assert built == digest, "The lines of the two ways differ."  # noqa: S101
        sql = (before + run_apart(time_sql)[0]) / 2
        authors = rows // BLOGS_PER_AUTHOR
        loop = run_apart(time_loop, min(LOOP_AUTHORS, authors)) * authors
    result = {
        "daily_counts": rows,
        "lines": lines,
        "seconds": round(seconds, 1),
        "microseconds_per_line": round(seconds / lines * 1e6),
        "times_one_insert_select": round(seconds / sql, 2),
        "faster_than_a_loop": round(loop / seconds, 1),
        "peak_memory_mb": peak,
    }
    print(
        f"{rows:9,} counts: {seconds:6.1f} s, {result['microseconds_per_line']} us a line, "
        f"{result['times_one_insert_select']:.2f} x INSERT .. SELECT ({sql:.1f} s), "
        f"{result['faster_than_a_loop']:.0f} x faster than a loop over authors, peak {peak} MB"
    )
    return result


def main(sizes: list[int]) -> None:
    write_results("build_batch", [measure(rows) for rows in sizes])


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
