"""docs/counting.md agrees with the code."""

import datetime as dt
import inspect
import re

import pytest
from django.conf import settings
from django.urls import reverse

from backoffice.middleware import ClientAddressMiddleware
from billing.counting.folding import fold_views
from billing.findings import day_keys, detection
from billing.models import BlogView, Finding
from tests.factories import make_blog, make_click

pytestmark = pytest.mark.any_database

PAGE = (settings.BASE_DIR / "docs" / "counting.md").read_text()
COUNTING = [
    settings.BASE_DIR / "billing" / "periods.py",
    *(
        settings.BASE_DIR / "billing" / "counting" / f"{name}.py"
        for name in ("clicks", "double_clicks", "folding", "recounting", "retention", "robots")
    ),
    *(settings.BASE_DIR / "billing" / "counting" / "access_logs").glob("*.py"),
    *(settings.BASE_DIR / "billing" / "findings").glob("*.py"),
]
ELSEWHERE = ["TIME_ZONE", "ACCESS_LOG_UPLOAD_MB", "SECRET_KEY"]


@pytest.mark.parametrize("outcome", BlogView.Outcome)
def test_page_explains_every_outcome(outcome):
    assert f"\n| {outcome.label.capitalize()} |" in PAGE


@pytest.mark.parametrize("kind", Finding.Kind)
def test_page_explains_every_finding(kind):
    assert f"\n| {kind.label.capitalize()} |" in PAGE


def test_page_tells_the_limits_of_the_findings():
    readers, addresses = day_keys.READER_VIEWS, day_keys.ADDRESS_VIEWS
    agents = day_keys.ADDRESS_AGENTS
    for told in (
        f"has {readers.anywhere} views of a blog in a day, or {readers.with_share} that are",
        f"made {day_keys.READER_CLICKS} clicks",
        f"have {addresses.anywhere} views of a blog in a day, or {addresses.with_share} that are",
        f"{agents.anywhere} browsers behind one address read",
        f"a blog in a day, or {agents.with_share} that make",
        f"{day_keys.AGENT_ADDRESSES} or more addresses read a blog in a day",
        f"{detection.MONTH_VIEWS} views or more, at {detection.VIEWS_PER_READER} or more to each",
        f"{detection.SPIKE_VIEWS} views or more, and more than in the three months before",
    ):
        assert told in PAGE


def test_page_names_every_setting_that_counting_reads():
    sources = [inspect.getsource(ClientAddressMiddleware), *(path.read_text() for path in COUNTING)]
    read = {name for source in sources for name in re.findall(r"settings\.([A-Z_]+)", source)}
    assert {"ROBOT_LISTS", "TRUSTED_PROXIES", "VIEW_RETENTION_DAYS"} <= read
    assert [name for name in sorted(read | set(ELSEWHERE)) if f"`{name}`" not in PAGE] == []


def test_page_names_tests_that_exist():
    named = re.findall(r"`([\w/]*test_\w+\.py)`", PAGE)
    assert len(named) >= 8
    assert [name for name in named if not (settings.BASE_DIR / name).exists()] == []


@pytest.mark.django_db
def test_clicks_of_the_page_s_example_become_what_it_says():
    example = re.findall(r"^\| (\d\d:\d\d:\d\d) \| .+ \| (.+) \|$", PAGE, re.MULTILINE)
    blog = make_blog()
    for time, _ in example:
        make_click(blog, start=dt.datetime.fromisoformat(f"2026-10-15T{time}Z"))
    fold_views(at=dt.datetime(2026, 10, 16, tzinfo=dt.UTC))
    views = BlogView.objects.order_by("viewed_at")
    assert len(views) == 5
    assert [view.get_outcome_display().lower() for view in views] == [told for _, told in example]
    make_click(blog, start=dt.datetime.fromisoformat("2026-10-15T10:02:05Z"))
    fold_views(at=dt.datetime(2026, 10, 16, tzinfo=dt.UTC))
    assert views.filter(outcome="counted").count() == 2


@pytest.mark.django_db
def test_readers_get_no_cookie(client):
    page = client.get(reverse("weblog:blog_detail", args=[make_blog().slug]))
    assert page.status_code == 200
    assert not page.cookies
