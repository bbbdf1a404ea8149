from fractions import Fraction

import pytest

from billing.findings import day_keys
from billing.findings.day_keys import ADDRESS_VIEWS, READER_VIEWS, Limit

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("number", "month_views", "is_over"),
    [
        (30, 1000, True),  # odd on any blog
        (29, 1000, False),
        (29, 145, True),  # a fifth of the month
        (29, 146, False),
        (10, 50, True),
        (9, 9, False),
    ],
)
def test_reader_is_odd_with_30_views_or_with_10_that_are_a_fifth_of_the_month(
    number, month_views, is_over
):
    assert day_keys._is_over(READER_VIEWS, number, number, month_views) is is_over


def test_limits_are_those_that_the_findings_tell():
    assert (Limit(30, 10), Limit(100, 20)) == (READER_VIEWS, ADDRESS_VIEWS)
    assert Limit(20, 10) == day_keys.ADDRESS_AGENTS
    assert (day_keys.READER_CLICKS, day_keys.AGENT_ADDRESSES) == (100, 8)
    assert (Fraction(1, 5), 3) == (day_keys.AGENT_SHARE, day_keys.AGENT_TIMES_ELSEWHERE)


@pytest.mark.parametrize(
    ("here", "site", "is_dominant"),
    [
        ((200, 400), (200, 400), True),
        ((199, 400), (400, 400), False),  # less than half of the blog's day
        ((3, 3), (200, 400), True),  # few here, enough on the site
        ((3, 3), (199, 400), False),
        ((3, 3), (3, 3), False),
    ],
)
def test_browser_of_half_of_the_day_is_dominant_where_there_is_enough_to_judge(
    here, site, is_dominant
):
    assert day_keys._is_dominant(here, site) is is_dominant


@pytest.mark.parametrize(
    ("here", "elsewhere", "is_concentrated"),
    [
        ((80, 400), (0, 300), True),  # a fifth; expected 7 of 320
        ((79, 400), (0, 300), False),
        ((60, 100), (193, 980), True),  # expected a fifth: three times are 60
        ((59, 100), (193, 980), False),
        ((3, 3), (0, 0), False),  # expected 35 %: three times are more than all
    ],
)
def test_browser_is_concentrated_that_has_a_fifth_and_three_times_as_much_as_elsewhere(
    here, elsewhere, is_concentrated
):
    assert day_keys._is_concentrated(here, elsewhere) is is_concentrated
