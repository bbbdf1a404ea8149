import datetime as dt
from decimal import Decimal

import pytest

from billing.figures import MonthFigures, month_figures, views_by_day
from tests.factories import make_blog, make_count, make_price

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

OCTOBER = dt.date(2026, 10, 1)


def test_cost_of_a_month_is_its_views_at_the_price_of_their_day():
    blog = make_blog()
    make_price(blog.category, "10", dt.date(2026, 10, 2))
    make_price(blog.category, "20", dt.date(2026, 10, 3))
    for day in range(1, 4):
        make_count(blog, 100, dt.date(2026, 10, day))
    make_count(blog, 100, dt.date(2026, 11, 1))
    assert month_figures(month=OCTOBER) == MonthFigures(
        views=300, costs={"EUR": Decimal(3)}, unpriced=100
    )


def test_figures_of_an_author_leave_others_out():
    mine, other = make_blog(), make_blog()
    for blog in (mine, other):
        make_price(blog.category, "10")
        make_count(blog, 100)
    figures = month_figures(month=OCTOBER, author=mine.author)
    assert figures == MonthFigures(views=100, costs={"EUR": Decimal(1)})
    days = views_by_day(first=OCTOBER, last=dt.date(2026, 10, 15), author=mine.author)
    assert list(days.values()) == [0] * 14 + [100]


def test_month_without_views_has_zeros():
    assert month_figures(month=OCTOBER) == MonthFigures(views=0, costs={}, unpriced=0)
