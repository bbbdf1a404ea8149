"""Speed of the audit trail over millions of entries on PostgreSQL, page by page.

`python -m benchmarks.audit_trail [ENTRIES]`, 5,000,000 unless told. Blogs, adjustments, prices, the
security log, mails and job runs share them out; all other sources stand there empty, as they are
asked all the same. Each page is asked for with Django's client, so its time holds everything but
the network: `page` is that, `read` is the part that finds and describes the entries.
"""

import os
import sys
import time
from statistics import quantiles

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import setup_test_environment
from django.urls import reverse

from backoffice.trail.filters import TrailForm
from backoffice.trail.indexes import install_indexes
from backoffice.trail.objects import ask_for_page, make_rows
from backoffice.trail.reading import load_entries
from benchmarks.databases import make_blogs, new_database, run_apart
from benchmarks.results import write_results

ENTRIES = 5_000_000
ROUNDS = 20
BLOGS = 1_000
SLOWEST = 100  # milliseconds, of the slowest twentieth

KEYS = """
    people AS (SELECT array_agg(id ORDER BY id) AS p FROM auth_user WHERE username LIKE 'author-%'),
    blogs AS (SELECT array_agg(id) AS b FROM weblog_blog),
    categories AS (SELECT array_agg(id) AS c FROM weblog_category)
"""
# Ten years, newest last; person 1 to 20 in turns, 21 only in the first thousandth.
MOMENT = "timestamptz '2016-01-01' + (n::float / {rows}) * interval '10 years'"
PERSON = "CASE WHEN n < {rows} / 1000 THEN {people}[21] ELSE {people}[1 + n % 20] END"
AUTHOR = "{people}[1 + n % 50]"
REASON = "CASE n % 1000003 WHEN 1234 THEN 'Said the zebra' ELSE 'Checked with the desk ' || n END"
SHARES = {
    "weblog_historicalblog": (
        0.4,
        {
            "id": "{blogs}[1 + n % {blog_count}]", "title": "'Blog ' || n % 1000",
            "slug": "'blog-' || n % 1000", "summary": "''", "body": "'<p>Text</p>'",
            "status": "'draft'", "review_comment": "''", "imported_from": "''",
            "created_at": MOMENT, "updated_at": MOMENT, "publish_at": MOMENT, "author_id": AUTHOR,
            "category_id": "{categories}[1 + n % 5]",
        },
    ),
    "billing_historicaladjustment": (
        0.1,
        {
            "id": "n", "author_id": AUTHOR, "amount": "n * 10000", "currency": "'USD'",
            "reason": "'Photo fee ' || n", "created_by_id": AUTHOR, "created_at": MOMENT,
        },
    ),
    "billing_historicalcategoryprice": (
        0.05,
        {
            "id": "n", "category_id": "{categories}[1 + n % 5]", "effective_from": "'2026-01-01'",
            "price_per_1000": "15000000", "currency": "'USD'", "note": "''",
        },
    ),
}  # fmt: skip
HISTORY = {
    "history_date": MOMENT,
    "history_type": "CASE n % 10 WHEN 0 THEN '+' ELSE '~' END",
    "history_user_id": PERSON,
    "history_change_reason": REASON,
}
ROWS = {
    "backoffice_securityevent": (
        0.3,
        {
            "at": MOMENT, "kind": "CASE n % 7 WHEN 0 THEN 'sign_in_failed' ELSE 'signed_in' END",
            "by_id": PERSON, "about_id": PERSON, "detail": REASON, "device": "'Firefox on Linux'",
            "address": "'192.0.2.1'::inet", "is_outside": "false",
        },
    ),
    "backoffice_mail": (
        0.1,
        {
            "kind": "'account'", "address": "'a@example.org'", "person_id": AUTHOR,
            "subject": "'News of your account ' || n", "text": "'Read on.'",
            "message_id": "'<' || n || '@example.org>'", "state": "'sent'", "tries": "1",
            "reason": "''", "made_at": MOMENT, "sent_at": MOMENT,
        },
    ),
    "backoffice_jobrun": (
        0.05,
        {
            "name": "'fold_views'", "host": "'web1'",
            "status": "CASE n % 500 WHEN 0 THEN 'failed' ELSE 'succeeded' END",
            "started_at": MOMENT, "finished_at": MOMENT, "output": "'Folded ' || n",
        },
    ),
}  # fmt: skip


def fill(entries: int) -> None:
    make_blogs(BLOGS)
    make_people()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'trail\\_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute("SET session_replication_role = replica")  # neither guards nor foreign keys
        for table, (share, columns) in (SHARES | ROWS).items():
            values = columns | (HISTORY if table in SHARES else {})
            write_rows(cursor, table, values, rows=int(entries * share))
    install_indexes(connection)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def make_people() -> None:
    reader = User.objects.create(username="otto", is_staff=True, is_superuser=True)
    group = Group.objects.create(name="Desk")
    group.user_set.set(User.objects.filter(username__startswith="author-")[:5])
    group.user_set.add(reader)


def write_rows(cursor, table: str, columns: dict[str, str], *, rows: int) -> None:
    facts = {
        "rows": rows,
        "blog_count": BLOGS,
        "people": "(SELECT p FROM people)",
        "blogs": "(SELECT b FROM blogs)",
        "categories": "(SELECT c FROM categories)",
    }
    values = ", ".join(value.format(**facts) for value in columns.values())
    names, count = ", ".join(columns), rows - 1
    select = f"SELECT {values} FROM generate_series(0, {count}) AS n"  # noqa: S608
    cursor.execute(f"WITH {KEYS} INSERT INTO {table} ({names}) {select}")


def list_questions() -> dict[str, dict]:
    busy, gone = User.objects.filter(username__startswith="author-").order_by("pk")[0:21:20]
    blog = BLOGS // 2
    return {
        "first page": {},
        "last page": {"page": "last"},
        "page in the middle": {"older": "2021-01-01T00:00:00+00:00~security~1"},
        "person who acts daily": {"person": busy.username},
        "person who left ten years ago": {"person": gone.username},
        "that person, last page": {"person": gone.username, "page": "last"},
        "role": {"role": Group.objects.get(name="Desk").pk},
        "kind": {"kind": "billing.adjustment"},
        "object": {"object": f"weblog.blog:{blog}"},
        "a day ten years ago": {"since": "2016-03-01", "until": "2016-03-01"},
        "a rare word": {"q": "zebra"},
        "a word that is in half of all": {"q": "desk"},
        "a word that is nowhere": {"q": "unicorn"},
        "words, person, kind and time": {
            "q": "desk 777", "person": busy.username, "kind": "weblog.blog",
            "since": "2020-01-01", "until": "2022-12-31",
        },
    }  # fmt: skip


def measure() -> list[dict]:
    setup_test_environment()
    client, reader = Client(), User.objects.get(username="otto")
    client.force_login(reader)
    figures = []
    for name, question in list_questions().items():
        page = time_often(lambda question=question: ask(client, question))
        read = time_often(lambda question=question: read_only(reader, question))
        figures.append({"asked": name, "page_ms": page, "read_ms": read})
        print(figures[-1], flush=True)
    return figures


def ask(client: Client, question: dict) -> None:
    url = reverse("admin:backoffice_audittrail_changelist")
    answer = client.get(url, question, secure=True)
    if answer.status_code != 200 or answer.context["form"].errors:
        raise RuntimeError(f"{question} was refused: {answer.status_code}")


def read_only(reader: User, question: dict) -> None:
    request = RequestFactory().get("/", question)
    request.user = reader
    page = ask_for_page(TrailForm(request.GET).select(), request.GET)
    make_rows(load_entries(page.places), request, admin.site)


def time_often(work) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds, after a round to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return {"median": round(quantiles(times, n=2)[0]), "p95": round(quantiles(times, n=20)[-1])}


def count_sizes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1000000")
        return {"database_mb": cursor.fetchone()[0]}


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    os.environ.setdefault("REQUIRE_SECOND_FACTOR", "0")
    with new_database("postgresql"):
        run_apart(fill, entries)
        sizes = run_apart(count_sizes)
        figures = run_apart(measure)
    load = [round(value, 1) for value in os.getloadavg()]
    write_results("audit_trail", {"entries": entries, "load": load, **sizes, "pages": figures})
    slow = [each["asked"] for each in figures if each["read_ms"]["p95"] > SLOWEST]
    if slow:
        sys.exit(f"Slower than {SLOWEST} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
