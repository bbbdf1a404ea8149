"""What a page is called when no page of its own says it."""

import datetime as dt

import pytest

from billing.models import BlogView, DailyViewCount, Hold, MonthlyViewCount
from tests.factories import make_user

DAY = dt.date(2026, 10, 1)


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (DailyViewCount(day=DAY, views=1325), "1,325 views on 1 Oct 2026"),
        (MonthlyViewCount(month=DAY, views=1325), "1,325 views in October 2026"),
        (BlogView(day=DAY, outcome="double_click"), "Double click view of 1 Oct 2026"),
        (BlogView(day=DAY, outcome="robot"), "Robot view of 1 Oct 2026"),
    ],
)
def test_title_of_views(row, title):
    assert str(row) == title


@pytest.mark.django_db
def test_title_of_a_hold():
    author = make_user(first_name="Ada", last_name="Example")
    assert str(Hold(author=author, kind="hold")) == "Hold: Ada Example"
