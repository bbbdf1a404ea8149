"""The audit of the COUNTER Code of Practice 5.1, Appendix E, tests for double-click filtering.

An auditor asks for an item twice, 15 times "inside" 30 seconds and 15 times "outside". That must
come to 45 Total_Item_Requests, which are what we pay, and to 30 Unique_Item_Requests. We keep no
unique counts, because nobody is paid by them; they are worked out here from the views.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db.models import Sum
from django.urls import reverse

from billing.counting.folding import fold_views
from billing.models import BlogView, DailyViewCount, MonthlyViewCount
from tests.factories import FIREFOX, make_blog, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOON = dt.datetime(2026, 10, 15, 10, tzinfo=dt.UTC)
INSIDE = range(2, 31, 2)  # seconds between the two clicks
OUTSIDE = range(31, 60, 2)


@pytest.fixture
def pairs():
    """(blog, time of the first click, seconds to the second): each on an item of its own."""
    assert (len(INSIDE), len(OUTSIDE)) == (15, 15)
    return [
        (make_blog(slug=f"item-{number}"), NOON + dt.timedelta(minutes=number), gap)
        for number, gap in enumerate([*INSIDE, *OUTSIDE])
    ]


def count_unique_items():
    """Count as section 7.3 says: an item once a reader and hour of the day."""
    counted = BlogView.objects.filter(outcome="counted")
    return len(
        {
            (view.blog_id, bytes(view.reader_key), view.day, hour_of(view.viewed_at))
            for view in counted
        }
    )


def hour_of(moment):
    return moment.astimezone(ZoneInfo("Europe/Berlin")).hour


def assert_audit_is_passed():
    assert DailyViewCount.objects.aggregate(Sum("views")) == {"views__sum": 45}
    assert MonthlyViewCount.objects.aggregate(Sum("views")) == {"views__sum": 45}
    assert BlogView.objects.filter(outcome="double_click").count() == 15
    assert count_unique_items() == 30


@pytest.mark.thorough
def test_audit_by_a_browser(client, pairs):
    for blog, first_click_at, gap in pairs:
        for clicked_at in (first_click_at, first_click_at + dt.timedelta(seconds=gap)):
            with time_machine.travel(clicked_at, tick=False):
                page = client.get(
                    reverse("weblog:blog_detail", args=[blog.slug]),
                    headers={"user-agent": FIREFOX},
                )
            assert page.status_code == 200
    fold_views(at=NOON + dt.timedelta(hours=1))
    assert_audit_is_passed()


def test_audit_by_an_access_log(pairs, tmp_path):
    clicks = [
        (blog, clicked_at)
        for blog, first_click_at, gap in pairs
        for clicked_at in (first_click_at, first_click_at + dt.timedelta(seconds=gap))
    ]
    log = tmp_path / "access.log"
    log.write_bytes(
        b"\n".join(
            make_line(
                f"GET /blogs/{blog.slug}/ HTTP/1.1", time=f"{clicked_at:%d/%b/%Y:%H:%M:%S} +0000"
            )
            for blog, clicked_at in clicks
        )
    )
    with time_machine.travel(NOON + dt.timedelta(hours=1), tick=False):
        call_command("import_access_log", str(log))
    assert_audit_is_passed()


@pytest.mark.parametrize(("second_click_at", "views"), [("10:01:29", 1), ("10:01:35", 2)])
def test_example_of_section_7_2(client, second_click_at, views):
    blog = make_blog()
    for time in ("10:01:00", second_click_at):
        with time_machine.travel(dt.datetime.fromisoformat(f"2026-10-15T{time}Z"), tick=False):
            client.get(
                reverse("weblog:blog_detail", args=[blog.slug]), headers={"user-agent": FIREFOX}
            )
    fold_views(at=NOON + dt.timedelta(hours=1))
    assert DailyViewCount.objects.get().views == views
