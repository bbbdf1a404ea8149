import pytest

from billing.day_views import format_days, parse_days


@pytest.mark.parametrize(
    ("views", "text"),
    [({}, ""), ({1: 12, 2: 40}, "1:12 2:40"), ({31: 1, 2: -3}, "2:-3 31:1")],
)
def test_views_of_days_come_back_from_their_text(views, text):
    assert format_days(views) == text
    assert parse_days(text) == views


def test_days_without_views_are_left_out():
    assert format_days({1: 0, 2: 5}) == "2:5"
