"""Pages of the admin's lists over ten million rows each, against pages by number and a full count.

`python -m benchmarks.long_lists [ROWS]`, on PostgreSQL. Each page is asked for as a browser does,
through all of the application, by a person who is signed in. The baseline is what Django's admin
does with the same rows: it counts them all, and reads past those of the pages before.
"""

import sys
import time
from statistics import median
from typing import NamedTuple

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.databases import new_database, run_apart
from benchmarks.long_list_rows import fill
from benchmarks.results import exit_if_slow, sum_up_page, write_results
from billing.models import BlogView, DailyViewCount, Payment

ROWS = 10_000_000
ROUNDS = 20
LIMIT = 100  # milliseconds
PAGES = [
    # list, what is asked for, the question
    (BlogView, "first", {}),
    (BlogView, "month", {"month": "2026-03"}),
    (BlogView, "common outcome", {"outcome__exact": "counted"}),
    (BlogView, "robots", {"outcome__exact": "robot"}),
    (BlogView, "rare outcome", {"outcome__exact": "excluded"}),
    (BlogView, "pending", {"outcome__exact": "pending"}),
    (BlogView, "category", {"category__id__exact": "3"}),
    (BlogView, "rare blog", {"q": "subject 34999"}),
    (BlogView, "busy blog", {"q": "notes on subject 1"}),
    (BlogView, "word of all titles", {"q": "notes"}),
    (BlogView, "nothing found", {"q": "zebra"}),
    (BlogView, "last", {"p": "last"}),
    (BlogView, "last robots", {"p": "last", "outcome__exact": "robot"}),
    (BlogView, "oldest first", {"o": "0"}),
    (DailyViewCount, "first", {}),
    (DailyViewCount, "month", {"month": "2026-03"}),
    (DailyViewCount, "days", {"day_from": "2026-03-05", "day_to": "2026-03-06"}),
    (DailyViewCount, "category", {"category__id__exact": "3"}),
    (DailyViewCount, "blog", {"q": "subject 34999"}),
    (DailyViewCount, "author", {"q": "ada sample-7"}),
    (DailyViewCount, "common name", {"q": "ada"}),
    (DailyViewCount, "last", {"p": "last"}),
    (Payment, "first", {}),
    (Payment, "month", {"month": "2020-03"}),
    (Payment, "paid", {"status__exact": "paid"}),
    (Payment, "failed", {"status__exact": "failed"}),
    (Payment, "held in a month", {"status__exact": "held", "month": "2020-03"}),
    (Payment, "author", {"q": "ada sample-7"}),
    (Payment, "common name", {"q": "ada"}),
    (Payment, "reference", {"q": "000007654321"}),
    (Payment, "by author", {"o": "0"}),
    (Payment, "last", {"p": "last"}),
]


def list_url(model) -> str:
    return reverse(f"admin:billing_{model._meta.model_name}_changelist")


def sign_in() -> Client:
    person = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("root")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    return client


class Round(NamedTuple):
    milliseconds: float
    own: float  # of which this process worked, and did not wait for the database
    queries: list[dict[str, str]]

    @property
    def in_database(self) -> float:
        return sum(float(query["time"]) for query in self.queries) * 1000


def time_page(client: Client, url: str, question: dict[str, str]) -> Round:
    """Raises if the answer is no page."""
    with CaptureQueriesContext(connection) as queries:
        started_at, worked = time.perf_counter(), time.process_time()
        response = client.get(url, question)
        milliseconds = (time.perf_counter() - started_at) * 1000
        own = (time.process_time() - worked) * 1000
    if response.status_code != 200:
        raise RuntimeError(f"{url} {question}: {response.status_code}")
    return Round(milliseconds, own, queries.captured_queries)


def count_own(queries: list[dict[str, str]]) -> int:
    """Return their number but for the note, once a minute, that somebody is still there."""
    return sum(not query["sql"].startswith("UPDATE") for query in queries)


def measure_page(client: Client, name: str, url: str, question: dict[str, str], table: str) -> dict:
    """Raises if its queries change in number, or if one of them counts the whole table."""
    time_page(client, url, question)
    rounds = [time_page(client, url, question) for _ in range(ROUNDS)]
    times = [one.milliseconds for one in rounds]
    costs = {count_own(one.queries) for one in rounds}
    asked = [
        query["sql"] for one in rounds for query in one.queries if f'"{table}"' in query["sql"]
    ]
    counting = [sql for sql in asked if "COUNT(" in sql and "LIMIT" not in sql]
    if len(costs) > 1 or counting:
        raise RuntimeError(f"{name}: {sorted(costs)} queries, {counting[:1]}")
    result = sum_up_page(name, times) | {
        "of_these_in_database_ms": round(median(one.in_database for one in rounds), 1),
        "of_these_own_ms": round(median(one.own for one in rounds), 1),
        "queries": max(costs),
    }
    print(*result.values(), sep="  ", flush=True)
    return result


def measure_baseline(model) -> dict:
    """Return the seconds of counting a whole list, and of its last page by its number."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # which a page would not be given
    rows = model.objects.order_by(*admin.site.get_model_admin(model).ordering)
    started_at = time.perf_counter()
    number = rows.count()
    counted_at = time.perf_counter()
    start = max(number - 50, 0)
    list(rows.values_list("pk")[start : start + 50])
    return {
        "page": f"{model._meta.verbose_name_plural}: last, by number",
        "rows": number,
        "count_ms": round((counted_at - started_at) * 1000),
        "last_page_ms": round((time.perf_counter() - counted_at) * 1000),
    }


def measure() -> list[dict]:
    settings.REQUIRE_SECOND_FACTOR = False
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "")
    client, figures = sign_in(), []
    for model in dict.fromkeys(model for model, _, _ in PAGES):
        url = list_url(model)
        pages = [
            measure_page(
                client,
                f"{model._meta.verbose_name_plural}: {name}",
                url,
                question,
                model._meta.db_table,
            )
            for of, name, question in PAGES
            if of is model
        ]
        baseline = measure_baseline(model)
        slow = baseline["count_ms"] + baseline["last_page_ms"]
        last = next(page for page in pages if page["page"].endswith(": last"))
        baseline["times_slower_than_last"] = round(slow / last["median_ms"], 1)
        print(baseline, flush=True)
        figures += [*pages, baseline]
    payment = Payment.objects.order_by("pk").last()
    change = reverse("admin:billing_payment_change", args=[payment.pk])
    for name, question in (("first", {}), ("last", {"p": "100"})):
        # Its own lines are counted, which are few: no table is.
        of = f"lines of a payment: {name}"
        figures.append(measure_page(client, of, change, question, "billing_payment"))
    return figures


def main(rows: int) -> None:
    with new_database("postgresql"):
        run_apart(fill, rows)
        figures = run_apart(measure)
    write_results("long_lists", figures)
    exit_if_slow(figures, limit=LIMIT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ROWS)
