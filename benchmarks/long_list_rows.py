"""Ten million rows of each list, made by PostgreSQL itself: see benchmarks.long_lists."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from backoffice.accounts.guards import GUARDS
from billing.guards import remove_guards
from billing.models import (
    BlogView,
    CategoryPrice,
    DailyViewCount,
    Payment,
    PaymentLine,
    PayoutBatch,
)
from weblog.models import Category

AUTHORS = 84_000
BLOGS = 35_000
CATEGORIES = ["Technology", "Sports", "Fashion", "Travel", "Music", "Film", "Food", "Gardens"]
MONTHS = 120
MANY_LINES = 5_000  # of the payment with the most lines
FIRST_NAMES = [
    "Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Ines", "Jon", "Kaja", "Lena",
    "Milo", "Nora", "Otto", "Pia",
]  # fmt: skip
LAST_NAMES = [
    "Example", "Sample", "Muster", "Beispiel", "Exemplo", "Esempio", "Voorbeeld", "Exempel",
    "Primer", "Priklad",
]  # fmt: skip

ROWS = {
    Category: """
        INSERT INTO weblog_category (id, name, slug)
        SELECT n, (%(categories)s::text[])[n], 'category-' || n FROM generate_series(1, 8) n
    """,
    User: """
        INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email,
                               is_staff, is_active, date_joined)
        SELECT 1000 + n, '', false, 'author-' || n, (%(first)s::text[])[1 + n %% 16],
               (%(last)s::text[])[1 + n / 16 %% 10] || '-' || n / 160, '', false, true, now()
        FROM generate_series(1, %(authors)s) n
    """,
    "weblog_blog": """
        INSERT INTO weblog_blog (id, title, slug, summary, body, status, publish_at, created_at,
                                 updated_at, author_id, category_id, review_comment)
        SELECT n, 'Notes on subject ' || n, 'blog-' || n, '', '<p>A blog.</p>', 'published',
               now(), now(), now(), 1001 + n, 1 + n %% 8, ''
        FROM generate_series(1, %(blogs)s) n
    """,
    # A year of them, of which some blogs have very many. Most robots are of the last weeks.
    BlogView: """
        INSERT INTO billing_blogview (id, viewed_at, day, reader_key, address_key, agent_key,
                                      outcome, excluded_by, author_id, blog_id, category_id,
                                      finding_id, seal_id)
        SELECT uuidv7(at - now()), at, (at AT TIME ZONE 'Europe/Berlin')::date, key, key, key,
               outcome, CASE outcome WHEN 'robot' THEN 'is-bot: bot'
                                     WHEN 'own_view' THEN 'signed in as the author'
                                     WHEN 'staff_view' THEN 'signed in on staff' ELSE '' END,
               1001 + blog, blog, 1 + blog %% 8,
               CASE outcome WHEN 'excluded' THEN 1 END,
               CASE WHEN outcome IN ('counted', 'double_click', 'excluded') THEN 1 END
        FROM (
            SELECT timestamptz '2025-11-27' + n * (interval '365 days' / %(rows)s) AS at,
                   1 + floor(%(blogs)s * random() ^ 3)::int AS blog,
                   decode(md5(n::text), 'hex') AS key,
                   CASE WHEN n > %(rows)s - 2000 THEN 'pending'
                        WHEN random() < 0.3 THEN 'robot'
                        WHEN random() < 0.05 THEN 'double_click'
                        WHEN random() < 0.005 THEN 'own_view'
                        WHEN random() < 0.002 THEN 'staff_view'
                        WHEN n < %(rows)s / 10 AND random() < 0.001 THEN 'excluded'
                        ELSE 'counted' END AS outcome
            FROM generate_series(1, %(rows)s) n
        ) made
    """,
    DailyViewCount: """
        INSERT INTO billing_dailyviewcount (day, views, author_id, blog_id, category_id)
        SELECT date '2026-11-27' - n / %(blogs)s, 1 + n %% 400, 1002 + n %% %(blogs)s,
               1 + n %% %(blogs)s, 1 + (1 + n %% %(blogs)s) %% 8
        FROM generate_series(0, %(rows)s - 1) n
    """,
    PayoutBatch: """
        INSERT INTO billing_payoutbatch (id, month, status, currency, decimals, time_zone,
            rules_version, digest, built_at, submitted_at, approved_at, submitted_by_id,
            approved_by_id, return_reason, approvals_needed, attempt, minimum_payout,
            left_out_categories, left_out_reason)
        SELECT n, date '2016-12-01' + n * interval '1 month', 'approved', 'EUR', 2,
               'Europe/Berlin', '', 'd', now(), now(), now(), 1001, 1002, '', 1, 1, 0, '[]', ''
        FROM generate_series(0, %(months)s - 1) n
    """,
    Payment: """
        INSERT INTO billing_payment (id, batch_id, author_id, author_name, username, reference,
            status, status_reason, amount, rounding, carried_amount, digest, payee_digest)
        SELECT n + 1, n * %(months)s::bigint / %(rows)s, 1001 + n %% %(authors)s,
               first_name || ' ' || last_name, username, to_char(n, 'FM000000000000'), status, '',
               CASE WHEN status IN ('held', 'carried') THEN 0 ELSE 5000000 + n %% 9000 * 10000 END,
               0, CASE WHEN status IN ('held', 'carried') THEN 500000 ELSE 0 END, '', ''
        FROM (
            SELECT n, CASE WHEN n > %(rows)s * 0.98 THEN 'payable' WHEN n %% 30000 = 7 THEN 'failed'
                           WHEN n %% 90000 = 8 THEN 'held' WHEN n %% 50 = 9 THEN 'carried'
                           ELSE 'paid' END AS status
            FROM generate_series(0, %(rows)s - 1) n
        ) made JOIN auth_user ON auth_user.id = 1001 + n %% %(authors)s
    """,
    CategoryPrice: """
        INSERT INTO billing_categoryprice (id, category_id, effective_from, price_per_1000, note,
                                           currency)
        SELECT n, n, date '2016-01-01', 5000000, '', 'EUR' FROM generate_series(1, 8) n
    """,
    PaymentLine: """
        INSERT INTO billing_paymentline (payment_id, number, kind, blog_id, category_id, price_id,
            month, days, views, price_per_1000, amount, blog_title, category_name, note, digest)
        SELECT CASE WHEN n <= %(many)s THEN %(rows)s ELSE n - %(many)s END,
               CASE WHEN n <= %(many)s THEN n + 1 ELSE 1 END, 'views',
               1 + n %% %(blogs)s, 1 + n %% 8, 1 + n %% 8, date '2026-10-01', '1:400 2:600', 1000,
               5000000, 5000000, 'Notes on subject ' || n, '', '', ''
        FROM generate_series(1, %(rows)s + %(many)s - 1) n
    """,
}  # fmt: skip


def fill(rows: int, only: Collection[str] = ()) -> None:
    """Fill in the tables, each without its indexes, which are made again once it is full.

    `only` are the names of tables, if some will do.
    """
    remove_guards(connection)
    GUARDS.remove(connection)
    facts = {
        "rows": rows, "authors": min(AUTHORS, rows // MONTHS + 1), "blogs": BLOGS, "months": MONTHS,
        "many": MANY_LINES, "categories": CATEGORIES, "first": FIRST_NAMES, "last": LAST_NAMES,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no foreign key is looked up
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for model, sql in ROWS.items():
            started_at = timezone.now()
            table = model if isinstance(model, str) else model._meta.db_table
            if only and table not in only:
                continue
            indexes = drop_unique(cursor, table) + drop_indexes(cursor, table)
            cursor.execute(sql, facts)
            for index in indexes:
                cursor.execute(index)
            cursor.execute(f"VACUUM ANALYZE {table}")
            print(f"{table}: {(timezone.now() - started_at).seconds} s", flush=True)


def drop_unique(cursor, table: str) -> list[str]:
    """Drop the unique constraints to which no key refers, and return what makes them again."""
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint own WHERE contype = 'u' "
        "AND conrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint other "
        "WHERE other.contype = 'f' AND other.conindid = own.conindid)",
        [table],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    return [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {rule}' for name, rule in found]


def drop_indexes(cursor, table: str) -> list[str]:
    """Drop the indexes that are no constraints, and return what makes them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
        [table, table],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]
