import datetime as dt
import os
from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.uploads import keep_upload
from billing.counting import folding
from billing.counting.folding import fold_views
from billing.models import BlogView, DailyCategoryCount, DailyViewCount, MonthlyViewCount
from tests.factories import NOON, make_blog, make_category, make_click, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.fixture
def blog():
    return make_blog()


def outcomes():
    """The outcomes of all views, in the order of the clicks."""
    return list(BlogView.objects.order_by("viewed_at", "pk").values_list("outcome", flat=True))


def counts(model, period):
    facts = ("blog", "author", "category", period)
    return {row[:4]: row[4] for row in model.objects.values_list(*facts, "views") if row[4]}


def test_view_earns_for_whoever_had_the_blog_when_the_reader_came(blog):
    first_author, first_category = blog.author, blog.category
    make_click(blog)
    blog.author, blog.category = make_user(), make_category()
    blog.save()
    make_click(blog, 60)
    fold_views(at=LATER)
    facts = ("author", "category", "views")
    assert set(DailyViewCount.objects.values_list(*facts)) == {
        (first_author.pk, first_category.pk, 1),
        (blog.author.pk, blog.category.pk, 1),
    }


def test_second_fold_adds_nothing(blog):
    make_click(blog)
    fold_views(at=LATER)
    assert str(fold_views(at=LATER)) == "0 counted, 0 double clicks, 0 replaced by a later click"
    assert DailyViewCount.objects.get().views == 1


def test_view_stays_pending_until_no_double_click_can_follow(blog):
    make_click(blog)
    fold_views(at=NOON + dt.timedelta(seconds=30))
    assert outcomes() == ["pending"]
    fold_views(at=NOON + dt.timedelta(seconds=30.000001))
    assert outcomes() == ["counted"]


def test_view_waits_for_a_click_that_is_itself_too_young_to_settle(blog):
    make_click(blog, 0)
    make_click(blog, 20)
    fold_views(at=NOON + dt.timedelta(seconds=40))
    assert outcomes() == ["double_click", "pending"]


@pytest.mark.parametrize(
    ("viewed_at", "day", "month"),
    [
        ("2026-10-31T22:59:59.999999", "2026-10-31", "2026-10-01"),
        ("2026-10-31T23:00:00", "2026-11-01", "2026-11-01"),
        ("2026-03-28T23:00:00", "2026-03-29", "2026-03-01"),
        ("2026-03-29T21:59:59.999999", "2026-03-29", "2026-03-01"),
        ("2026-03-29T22:00:00", "2026-03-30", "2026-03-01"),
        ("2026-10-24T22:00:00", "2026-10-25", "2026-10-01"),
        ("2026-10-25T22:59:59.999999", "2026-10-25", "2026-10-01"),
        ("2026-10-25T23:00:00", "2026-10-26", "2026-10-01"),
        ("2024-02-29T12:00:00", "2024-02-29", "2024-02-01"),
    ],
)
def test_day_and_month_are_those_of_the_billing_time_zone(blog, viewed_at, day, month):
    make_click(blog, start=dt.datetime.fromisoformat(viewed_at + "+00:00"))
    fold_views(at=LATER)
    assert DailyViewCount.objects.get().day == dt.date.fromisoformat(day)
    assert MonthlyViewCount.objects.get().month == dt.date.fromisoformat(month)


def test_day_of_a_view_stays_when_the_time_zone_changes(blog, settings):
    make_click(blog, start=dt.datetime(2026, 10, 31, 23, 30, tzinfo=dt.UTC))
    settings.TIME_ZONE = "UTC"
    fold_views(at=LATER)
    assert DailyViewCount.objects.get().day == dt.date(2026, 11, 1)


def fill(blogs):
    """A mixture of all outcomes, a few views of each."""
    for number, blog in enumerate(blogs):
        for seconds in (0, 10, 50, 100, 24 * 3600, 24 * 3600 + 30, 40 * 24 * 3600):
            make_click(blog, seconds + number, ip_address=f"192.0.2.{number % 5}")
        make_click(blog, user=blog.author)
        make_click(blog, user=make_user())
        make_click(blog, user_agent="Googlebot/2.1")


def test_received_views_are_the_sum_of_the_outcomes():
    fill([make_blog() for _ in range(3)])
    fold_views(at=LATER)
    assert Counter(outcomes()) == {
        "counted": 15, "double_click": 6, "own_view": 3, "staff_view": 3, "robot": 3
    }  # fmt: skip
    assert BlogView.objects.count() == 30


def test_counts_can_be_made_again_from_the_views():
    fill([make_blog() for _ in range(3)])
    fold_views(at=LATER)
    by_day, by_month, by_category = Counter(), Counter(), Counter()
    for view in BlogView.objects.filter(outcome="counted"):
        facts = (view.blog_id, view.author_id, view.category_id)
        by_day[*facts, view.day] += 1
        by_month[*facts, view.day.replace(day=1)] += 1
        by_category[view.category_id, view.day] += 1
    assert counts(DailyViewCount, "day") == by_day
    assert counts(MonthlyViewCount, "month") == by_month
    rows = DailyCategoryCount.objects.values_list("category", "day", "views")
    assert {row[:2]: row[2] for row in rows} == by_category


@pytest.mark.thorough
@pytest.mark.parametrize("size", [1, 2, 7])
def test_counts_do_not_depend_on_the_size_of_a_portion(monkeypatch, size):
    monkeypatch.setattr(folding, "FOLD_SIZE", size)
    fill([make_blog() for _ in range(3)])
    fold_views(at=LATER)
    assert outcomes().count("counted") == 15
    assert sum(counts(DailyViewCount, "day").values()) == 15
    assert sum(counts(MonthlyViewCount, "month").values()) == 15


@pytest.mark.thorough
def test_fold_takes_as_many_queries_for_20_blogs_as_for_2():
    numbers = []
    for count in (2, 20):
        fill([make_blog() for _ in range(count)])
        with CaptureQueriesContext(connection) as queries:
            fold_views(at=LATER)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


@pytest.mark.any_database
def test_command_prints_what_it_settled(blog, capsys):
    make_click(blog)
    call_command("fold_views")
    assert capsys.readouterr().out == "1 counted, 0 double clicks, 0 replaced by a later click\n"


@pytest.mark.any_database
def test_command_only_folds(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    keep_upload(chunks=[b"a"], by=make_user())
    os.utime(next(tmp_path.iterdir()), (0, 0))
    call_command("fold_views", stdout=StringIO())
    assert len(list(tmp_path.iterdir())) == 1
