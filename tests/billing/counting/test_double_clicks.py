import datetime as dt
from collections import Counter
from itertools import pairwise

import pytest
from django.db.models import Count, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.counting.folding import fold_views
from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    ViewSeal,
)
from billing.periods import day_of
from tests.billing.tampering import clear
from tests.factories import make_blog, make_click, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.fixture
def blog():
    return make_blog()


def outcomes():
    """Return the outcomes of all views, in the order of the clicks."""
    return list(BlogView.objects.order_by("viewed_at", "pk").values_list("outcome", flat=True))


def views_by_day():
    rows = DailyViewCount.objects.filter(views__gt=0).order_by()
    return dict(rows.values_list("day").annotate(Sum("views")))


def test_two_clicks_exactly_30_seconds_apart_are_a_double_click(blog):
    make_click(blog, 0)
    make_click(blog, 30)
    fold_views(at=LATER)
    assert outcomes() == ["double_click", "counted"]


def test_two_clicks_more_than_30_seconds_apart_are_two_views(blog):
    make_click(blog, 0)
    make_click(blog, 30.000001)
    fold_views(at=LATER)
    assert outcomes() == ["counted", "counted"]


def test_of_a_chain_of_clicks_the_last_is_counted(blog):
    for seconds in (0, 20, 40, 60, 90):
        make_click(blog, seconds)
    make_click(blog, 121)
    fold_views(at=LATER)
    assert outcomes() == [*["double_click"] * 4, "counted", "counted"]


def test_gap_is_measured_to_the_previous_click_and_not_by_the_clock(blog):
    make_click(blog, 29)
    make_click(blog, 31)
    fold_views(at=LATER)
    assert outcomes() == ["double_click", "counted"]


def test_clicks_at_the_same_instant_count_once(blog):
    for _ in range(3):
        make_click(blog)
    fold_views(at=LATER)
    assert Counter(outcomes()) == {"double_click": 2, "counted": 1}


def test_fifteen_pairs_of_the_counter_audit(blog):
    for pair in range(15):
        make_click(blog, pair * 1000)
        make_click(blog, pair * 1000 + 29)
    fold_views(at=LATER)
    assert outcomes().count("counted") == 15


def test_fifteen_pairs_of_the_counter_audit_further_apart(blog):
    for pair in range(15):
        make_click(blog, pair * 1000)
        make_click(blog, pair * 1000 + 31)
    fold_views(at=LATER)
    assert outcomes().count("counted") == 30


def test_late_click_turns_the_counted_one_before_it_into_a_double_click(blog):
    make_click(blog, 0)
    fold_views(at=LATER)
    make_click(blog, 20)
    assert str(fold_views(at=LATER)) == "1 counted, 0 double clicks, 1 replaced by a later click"
    assert outcomes() == ["double_click", "counted"]
    assert DailyViewCount.objects.get().views == 1
    assert MonthlyViewCount.objects.get().views == 1


def test_late_click_joins_two_counted_ones_to_a_chain(blog):
    make_click(blog, 0)
    make_click(blog, 40)
    fold_views(at=LATER)
    assert DailyViewCount.objects.get().views == 2
    make_click(blog, 20)
    fold_views(at=LATER)
    assert outcomes() == ["double_click", "double_click", "counted"]
    assert DailyViewCount.objects.get().views == 1


def test_late_click_before_a_counted_one_is_a_double_click(blog):
    make_click(blog, 20)
    fold_views(at=LATER)
    make_click(blog, 0)
    fold_views(at=LATER)
    assert outcomes() == ["double_click", "counted"]
    assert DailyViewCount.objects.get().views == 1


MIDNIGHTS = [
    dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC),  # the month ends
    dt.datetime(2026, 12, 31, 23, tzinfo=dt.UTC),  # the year ends
    dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC),  # the day on which summer time begins
    dt.datetime(2026, 3, 29, 22, tzinfo=dt.UTC),  # the day after it
    dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC),  # the day on which summer time ends
    dt.datetime(2026, 10, 25, 23, tzinfo=dt.UTC),  # the day after it
]


@pytest.mark.parametrize("midnight", MIDNIGHTS)
def test_double_click_across_midnight_counts_once_on_the_later_day(blog, midnight):
    make_click(blog, -0.000001, start=midnight)
    make_click(blog, 29.999999, start=midnight)
    fold_views(at=LATER)
    assert outcomes() == ["double_click", "counted"]
    assert views_by_day() == {day_of(midnight): 1}


@pytest.mark.parametrize("midnight", MIDNIGHTS)
def test_clicks_further_apart_across_midnight_count_on_their_own_days(blog, midnight):
    make_click(blog, -0.000001, start=midnight)
    make_click(blog, 30, start=midnight)
    fold_views(at=LATER)
    day = day_of(midnight)
    assert views_by_day() == {day - dt.timedelta(days=1): 1, day: 1}


def test_chain_runs_on_after_midnight(blog):
    for seconds in (-40, -15, 10, 35, 60):
        make_click(blog, seconds, start=MIDNIGHTS[0])
    fold_views(at=LATER)
    assert outcomes() == [*["double_click"] * 4, "counted"]


def test_late_click_after_midnight_moves_the_view_to_the_later_month(blog):
    make_click(blog, -10, start=MIDNIGHTS[0])
    fold_views(at=LATER)
    make_click(blog, 10, start=MIDNIGHTS[0])
    fold_views(at=LATER)
    assert outcomes() == ["double_click", "counted"]
    assert dict(DailyViewCount.objects.values_list("day", "views")) == {
        dt.date(2026, 10, 31): 0,
        dt.date(2026, 11, 1): 1,
    }
    assert dict(MonthlyViewCount.objects.values_list("month", "views")) == {
        dt.date(2026, 10, 1): 0,
        dt.date(2026, 11, 1): 1,
    }


def test_reader_of_the_day_before_is_known_for_no_longer_than_a_double_click(blog):
    midnight = MIDNIGHTS[0]
    assert make_click(blog, -1, start=midnight).previous_day_key is None
    assert make_click(blog, 0, start=midnight).previous_day_key is not None
    assert make_click(blog, 29.999999, start=midnight).previous_day_key is not None
    assert make_click(blog, 30, start=midnight).previous_day_key is None


def test_readers_are_told_by_address_and_user_agent(blog):
    make_click(blog, 0)
    make_click(blog, 1, ip_address="192.0.2.2")
    make_click(blog, 2, user_agent=CHROME)
    fold_views(at=LATER)
    assert outcomes() == ["counted"] * 3


def test_blogs_are_independent(blog):
    make_click(blog, 0)
    make_click(make_blog(), 1)
    fold_views(at=LATER)
    assert outcomes() == ["counted"] * 2


def test_staff_view_makes_no_double_click_of_a_reader_s(blog):
    make_click(blog, 0)
    make_click(blog, 10, user=make_user())
    fold_views(at=LATER)
    assert outcomes() == ["counted", "staff_view"]


def test_double_click_takes_the_view_from_whom_it_was_counted_for(blog):
    make_click(blog, 0)
    fold_views(at=LATER)
    first_author = blog.author
    blog.author = make_user()
    blog.save()
    make_click(blog, 20)
    fold_views(at=LATER)
    assert dict(DailyViewCount.objects.values_list("author", "views")) == {
        first_author.pk: 0,
        blog.author.pk: 1,
    }


clicks = st.lists(
    st.tuples(
        st.integers(0, 1),  # the reader
        st.sampled_from([0, 10, 29, 30, 31, 45, 60, 61, 75, 100, 130]),  # seconds from midnight
        st.booleans(),  # whether a fold follows its arrival
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(clicks=clicks)
@pytest.mark.thorough
@pytest.mark.slow
def test_outcomes_do_not_depend_on_the_order_of_arrival(blog, clicks):
    clear(DailyViewCount, MonthlyViewCount, DailyCategoryCount, BlogView, ViewSeal)
    for reader, seconds, is_fold in clicks:
        make_click(blog, seconds - 50, start=MIDNIGHTS[0], ip_address=f"192.0.2.{reader}")
        if is_fold:
            fold_views(at=LATER)
    fold_views(at=LATER)

    by_day = Counter()
    for reader in (0, 1):
        times = sorted(seconds for who, seconds, _ in clicks if who == reader)
        for time, following in pairwise([*times, 1000]):
            if following - time > 30:
                by_day[dt.date(2026, 11, 1) if time >= 50 else dt.date(2026, 10, 31)] += 1
    counted = BlogView.objects.filter(outcome="counted")
    assert dict(counted.order_by().values_list("day").annotate(Count("pk"))) == by_day
    assert views_by_day() == by_day
    assert MonthlyViewCount.objects.aggregate(Sum("views")) == {"views__sum": by_day.total()}
    of_categories = DailyCategoryCount.objects.filter(views__gt=0)
    assert dict(of_categories.values_list("day", "views")) == by_day
