"""The home page of each role over ten million daily counts, on PostgreSQL.

`python -m benchmarks.home_page [ROWS]`. Each page is asked for through all of the application. The
baselines are of the same run: the page of mails to oneself, which asks for next to nothing, and
the sum of all counts by one statement.
"""

import secrets
import sys
import time

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.databases import new_database, run_apart
from benchmarks.long_list_rows import fill
from benchmarks.results import exit_if_slow, sum_up_page, write_results
from billing.models import DailyViewCount

ROWS = 10_000_000
ROUNDS = 20
LIMIT = 300  # milliseconds
PASSWORD = secrets.token_urlsafe()  # who has none is sent to choose one
AUTHOR = 1_500  # one of those that fill() makes
MONTHLY = """
    INSERT INTO billing_monthlyviewcount (month, views, author_id, blog_id, category_id)
    SELECT date_trunc('month', day)::date, sum(views), author_id, blog_id, category_id
    FROM billing_dailyviewcount GROUP BY 1, 3, 4, 5
"""
BY_CATEGORY = """
    INSERT INTO billing_dailycategorycount (day, category_id, views)
    SELECT day, category_id, sum(views) FROM billing_dailyviewcount GROUP BY 1, 2
"""


def prepare(rows: int) -> None:
    fill(rows, only=COUNTS)
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(MONTHLY)
        cursor.execute(BY_CATEGORY)
        cursor.execute("VACUUM ANALYZE")


COUNTS = ("weblog_category", "auth_user", "weblog_blog", "billing_dailyviewcount",
          "billing_categoryprice")  # fmt: skip


def find_people() -> dict[str, User]:
    people: dict[str, User] = {}
    for role in ("Authors", "Finance", "Approvers", "Auditors", "Editors"):
        people[role] = User.objects.create_user(role.lower(), password=PASSWORD, is_staff=True)
    for role, person in people.items():
        person.groups.add(Group.objects.get(name=role))
    with connection.cursor() as cursor:  # the counts and blogs of one author become this one's
        cursor.execute("SET session_replication_role = replica")
        for table in ("weblog_blog", "billing_dailyviewcount", "billing_monthlyviewcount"):
            cursor.execute(
                f"UPDATE {table} SET author_id = %s WHERE author_id = %s",  # noqa: S608
                [people["Authors"].pk, AUTHOR],
            )
    return people | {"Superuser": User.objects.create_superuser("root")}


def time_page(client: Client, url: str) -> tuple[float, int]:
    """Return the milliseconds and the number of queries. Raises if the answer is no page."""
    with CaptureQueriesContext(connection) as queries:
        started_at = time.perf_counter()
        response = client.get(url)
        milliseconds = (time.perf_counter() - started_at) * 1000
    if response.status_code != 200:
        where = response.headers.get("Location", "")
        raise RuntimeError(f"{url}: {response.status_code} {where}")
    return milliseconds, len(queries)


def measure_page(name: str, person: User, url: str) -> dict:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    time_page(client, url)
    rounds = [time_page(client, url) for _ in range(ROUNDS)]
    times = [milliseconds for milliseconds, _ in rounds]
    figures = sum_up_page(name, times) | {"queries": max(number for _, number in rounds)}
    print(*figures.values(), sep="  ", flush=True)
    return figures


def measure() -> list[dict]:
    settings.REQUIRE_SECOND_FACTOR = False
    settings.CURRENCY = "EUR"  # that of the prices which fill() makes
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "")
    people, home = find_people(), reverse("admin:index")
    bare = reverse("admin:backoffice_own_mails")
    figures = [measure_page("baseline: own mails", people["Finance"], bare)]
    figures += [measure_page(role, person, home) for role, person in people.items()]
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # which a page would not be given
    started_at = time.perf_counter()
    DailyViewCount.objects.aggregate(sum=Sum("views"))
    seconds = time.perf_counter() - started_at
    figures.append({"page": "baseline: sum of all counts", "median_ms": round(seconds * 1000)})
    print(figures[-1], flush=True)
    return figures


def main(rows: int) -> None:
    with new_database("postgresql"):
        run_apart(prepare, rows)
        figures = run_apart(measure)
    write_results("home_page", figures)
    exit_if_slow(figures, limit=LIMIT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ROWS)
