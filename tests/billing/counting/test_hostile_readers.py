"""Readers who want to be counted more often: the rules count them as they come, to the view.

What looks wrong about it is for the findings to say; the keys that show it are checked here.
"""

import datetime as dt

import pytest
from django.db.models import Count
from django.urls import reverse

from billing.bulk import insert_rows
from billing.counting.clicks import Click, make_click
from billing.counting.folding import fold_views
from billing.models import BlogView, DailyViewCount
from tests.factories import FIREFOX, NOON, make_blog

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def blog():
    return make_blog()


def read(blog, clicks):
    """Store a view for each (seconds from noon, address, user agent), and fold them."""
    rows = [
        make_click(
            blog=blog,
            viewed_at=NOON + dt.timedelta(seconds=seconds),
            ip_address=ip_address,
            user_agent=user_agent,
        ).as_stored()
        for seconds, ip_address, user_agent in clicks
    ]
    insert_rows(BlogView, Click._fields, rows)
    fold_views(at=LATER)


def keys(*fields):
    return BlogView.objects.aggregate(**{field: Count(field, distinct=True) for field in fields})


@pytest.fixture
def visit(client, blog):
    def visit(forwarded_for):
        client.get(
            reverse("weblog:blog_detail", args=[blog.slug]),
            headers={"user-agent": FIREFOX, "x-forwarded-for": forwarded_for},
        )

    return visit


def fold_all_clicks():
    fold_views(at=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))


def test_forged_forwarded_for_makes_no_readers_where_no_proxy_is_trusted(visit, settings):
    settings.TRUSTED_PROXIES = 0
    for number in range(5):
        visit(f"198.51.100.{number}")
    fold_all_clicks()
    assert DailyViewCount.objects.get().views == 1


def test_forged_forwarded_for_makes_no_readers_behind_a_trusted_proxy(visit, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(5):
        visit(f"198.51.100.{number}, 203.0.113.7")  # the last is what our proxy saw
    fold_all_clicks()
    assert DailyViewCount.objects.get().views == 1
    visit("198.51.100.1, 203.0.113.8")
    fold_all_clicks()
    assert DailyViewCount.objects.get().views == 2


@pytest.mark.thorough
def test_one_address_with_1000_user_agents_is_1000_readers_and_one_address(blog):
    read(blog, ((0, "192.0.2.1", f"{FIREFOX} {number}") for number in range(1000)))
    assert DailyViewCount.objects.get().views == 1000
    assert keys("reader_key", "address_key") == {"reader_key": 1000, "address_key": 1}


@pytest.mark.thorough
def test_one_user_agent_from_1000_addresses_is_1000_readers_and_one_agent(blog):
    read(blog, ((0, f"10.0.{n // 250}.{n % 250}", FIREFOX) for n in range(1000)))
    assert DailyViewCount.objects.get().views == 1000
    assert keys("address_key", "agent_key") == {"address_key": 1000, "agent_key": 1}


@pytest.mark.thorough
def test_page_opened_every_31_seconds_all_night_is_a_view_each_time(blog):
    read(blog, ((31 * number, "192.0.2.1", FIREFOX) for number in range(929)))  # eight hours
    assert DailyViewCount.objects.get().views == 929
    assert keys("reader_key") == {"reader_key": 1}


@pytest.mark.thorough
def test_page_opened_every_30_seconds_all_night_is_one_view(blog):
    read(blog, ((30 * number, "192.0.2.1", FIREFOX) for number in range(960)))
    assert DailyViewCount.objects.get().views == 1
