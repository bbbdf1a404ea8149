# ruff: noqa: S608
"""Views and counts that were changed past the application: each kind is refused, and named."""

import datetime as dt
from collections import Counter

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.counting.folding import fold_views
from billing.findings.decisions import exclude_views, reopen_finding
from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    ViewSeal,
)
from billing.verification import verify_payouts
from billing.verification.views import check_sealed_views
from tests.billing.tampering import without_guards
from tests.factories import NOON, make_blog, make_click, make_finding, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DAY = dt.date(2026, 10, 15)
LATER = NOON + dt.timedelta(days=2)
FIRST = "id = (SELECT id FROM billing_blogview WHERE outcome = 'counted' ORDER BY id LIMIT 1)"
OTHER_BLOG = "(SELECT MAX(id) FROM weblog_blog)"
COLUMNS = (
    "author_id, category_id, viewed_at, day, reader_key, previous_day_key, address_key, agent_key, "
    "outcome, excluded_by, log_import_id, finding_id, seal_id"
)
NEW_ID = "'01a21c74c5c3728389d24ea4b89a8397'"


@pytest.fixture(autouse=True)
def views():
    """Two days of views: six of readers, one of them a double click, a robot and the author."""
    blog = make_blog()
    make_blog()
    for seconds in (0, 10, 100, 200, 90_000, 90_100):
        make_click(blog, seconds)
    make_click(blog, 300, user_agent="Googlebot/2.1")
    make_click(blog, 400, user=blog.author)
    fold_views(at=LATER)
    assert verify_payouts().status == "passed"


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
        assert cursor.rowcount > 0


def insert(values):
    return (
        f"INSERT INTO billing_blogview (id, blog_id, {COLUMNS}) "
        f"SELECT {values} FROM billing_blogview WHERE {FIRST}"
    )


PORTION = "seal 1 of 15 Oct 2026"
TAMPERED = {
    "added": (insert(f"{NEW_ID}, {OTHER_BLOG}, {COLUMNS}"), PORTION),
    "copied": (insert(f"{NEW_ID}, blog_id, {COLUMNS}"), PORTION),
    "deleted": (f"DELETE FROM billing_blogview WHERE {FIRST}", PORTION),
    "re-dated": (f"UPDATE billing_blogview SET day = '2026-10-16' WHERE {FIRST}", PORTION),
    "moved in time": (
        f"UPDATE billing_blogview SET viewed_at = '2026-10-15 11:00:00+00:00' WHERE {FIRST}",
        PORTION,
    ),
    "of another blog": (
        f"UPDATE billing_blogview SET blog_id = {OTHER_BLOG} WHERE {FIRST}",
        PORTION,
    ),
    "of another author": (
        f"UPDATE billing_blogview SET author_id = (SELECT MAX(id) FROM auth_user) WHERE {FIRST}",
        PORTION,
    ),
    "of another category": (
        "UPDATE billing_blogview SET category_id = (SELECT MAX(id) FROM weblog_category) "
        f"WHERE {FIRST}",
        PORTION,
    ),
    "of another seal": (f"UPDATE billing_blogview SET seal_id = 2 WHERE {FIRST}", PORTION),
    "a robot made a reader": (
        "UPDATE billing_blogview SET outcome = 'counted', excluded_by = '' WHERE outcome = 'robot'",
        PORTION,
    ),
    "the seal's digest": (
        "UPDATE billing_viewseal SET content = REPLACE(content, 'digest', 'd') WHERE number = 1",
        "has the hash",
    ),
    "the seal's day": (
        "UPDATE billing_viewseal SET day = '2026-10-17' WHERE number = 1",
        "it sealed",
    ),
    "the seal deleted": ("DELETE FROM billing_viewseal WHERE number = 1", "seal 1 should"),
    "a daily count": (
        "UPDATE billing_dailyviewcount SET views = views + 1",
        "the days add up to",
    ),
    "a monthly count": (
        "UPDATE billing_monthlyviewcount SET views = views + 1",
        "the days add up to",
    ),
    "a category's count": (
        "UPDATE billing_dailycategorycount SET views = views + 1",
        "the blogs add up to",
    ),
    "a category's count deleted": (
        "DELETE FROM billing_dailycategorycount",
        "the blogs add up to",
    ),
}


@pytest.mark.parametrize(("statement", "named"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_is_refused_by_the_database_and_named_without_its_guards(statement, named):
    with pytest.raises(IntegrityError, match="billing: "), transaction.atomic():
        execute(statement)
    if "seal_id = 2" in statement or "DELETE FROM billing_viewseal" in statement:
        execute_unguarded_foreign_keys(statement)
    else:
        with without_guards():
            execute(statement)
    assert named in verify_payouts().difference


def execute_unguarded_foreign_keys(statement):
    """Counts refer to the seal by a foreign key: point them at the last one before."""
    with without_guards():
        last = ViewSeal.objects.order_by("number").last()
        for model in (DailyViewCount, MonthlyViewCount, DailyCategoryCount):
            model.objects.update(seal=last)
        execute(statement)


@pytest.mark.thorough
@pytest.mark.parametrize("month", ["2019-01-01", "2019-01-02", "2026-10-15", "2030-01-01"])
def test_count_of_a_month_that_no_view_is_of_is_named(month):
    columns = "blog_id, author_id, category_id, views, seal_id"
    with without_guards():
        execute(
            f"INSERT INTO billing_monthlyviewcount (month, {columns}) "
            f"SELECT '{month}', {columns} FROM billing_monthlyviewcount LIMIT 1"
        )
    made = MonthlyViewCount.objects.get(month=month)
    assert f"(billing_monthlyviewcount {made.pk})" in verify_payouts().difference


@pytest.mark.thorough
def test_all_counts_raised_alike_are_named():
    with without_guards():
        execute("UPDATE billing_dailyviewcount SET views = views + 1 WHERE day = '2026-10-15'")
        execute("UPDATE billing_dailycategorycount SET views = views + 1 WHERE day = '2026-10-15'")
        execute("UPDATE billing_monthlyviewcount SET views = views + 1")
    assert "of the views that are kept were counted" in verify_payouts().difference


@pytest.mark.thorough
def test_outcome_that_the_clicks_belie_is_named_with_its_view():
    """The database can't refuse it: the fold itself settles a view twice."""
    view = BlogView.objects.filter(outcome="double_click").get()
    view.outcome = "counted"
    view.save()
    assert str(view.pk) in verify_payouts().difference


@pytest.mark.thorough
def test_view_that_no_finding_excluded_is_named():
    view = BlogView.objects.filter(outcome="counted").first()
    view.outcome, view.finding = "excluded", make_finding(view.blog)
    view.save()
    assert "no finding took it out of the counts" in verify_payouts().difference


@pytest.mark.thorough
def test_views_excluded_and_counted_again_verify():
    view = BlogView.objects.filter(outcome="counted", day=DAY).first()
    finding = make_finding(view.blog, day=DAY, reader_key=view.reader_key)
    exclude_views(finding=finding, by=make_user(), reason="Odd", at=LATER)
    assert BlogView.objects.filter(outcome="excluded").count() == 3
    assert verify_payouts().difference == ""
    finding.refresh_from_db()
    reopen_finding(finding=finding, by=make_user(), reason="Fine", at=LATER)
    assert BlogView.objects.filter(outcome="counted").count() == 5
    assert verify_payouts().difference == ""


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's plans go by no sizes.")
def test_views_of_a_day_are_not_read_in_the_order_of_all_ids():
    """Each day would read the views of all days."""
    with CaptureQueriesContext(connection) as queries:
        check_sealed_views(DAY, Counter())
    of_views = [query["sql"] for query in queries if "billing_blogview" in query["sql"]]
    assert len(of_views) == 4
    with connection.cursor() as cursor:
        for dear in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{dear} = off")
        for statement in of_views:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "billing_blogview_pkey" not in plan, plan


@pytest.mark.thorough
def test_run_of_new_views_leaves_out_days_that_were_proved():
    with without_guards():
        execute(
            f"UPDATE billing_blogview SET excluded_by = '', agent_key = address_key WHERE {FIRST}"
        )
    run = verify_payouts(new_views=True)
    assert (run.status, run.numbers.get("sealed views", 0)) == ("passed", 0)
    assert PORTION in verify_payouts().difference


@pytest.mark.thorough
def test_late_click_makes_its_day_new():
    make_click(BlogView.objects.first().blog, 205)
    fold_views(at=LATER)
    run = verify_payouts(new_views=True)
    assert (run.status, run.numbers["sealed views"]) == ("passed", 7)
