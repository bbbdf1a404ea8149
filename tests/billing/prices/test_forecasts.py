import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import CategoryPrice
from billing.prices.forecasts import forecast_price, forecast_withdrawal
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from tests.snapshots import snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)
NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture
def tech():
    category = make_category("Tech")
    make_price(category, "10")
    return category


def forecast(category, price_per_1000, effective_from, *, at=AT):
    price = CategoryPrice(
        category=category,
        price_per_1000=Decimal(price_per_1000),
        effective_from=effective_from,
    )
    return forecast_price(price=price, at=at)


def rows(effects):
    return [(row.name, row.before, row.after, row.difference) for row in effects]


def test_price_from_a_coming_day_changes_nothing_and_is_compared_over_whole_months(tech):
    blog = make_blog(category=tech)
    make_count(blog, 1500, dt.date(2026, 10, 15))
    make_count(blog, 300, dt.date(2026, 11, 3))
    result = forecast(tech, "12", dt.date(2026, 12, 1))
    assert result.real == []
    assert [(month.counts.month, month.counts.is_over) for month in result.supposed] == [
        (OCTOBER, True),
        (NOVEMBER, False),
    ]
    october, november = result.supposed
    assert rows([october.total]) == [("Total", Decimal(15), Decimal(18), Decimal(3))]
    assert rows([november.total]) == [("Total", 3, Decimal("3.6"), Decimal("0.6"))]
    assert (october.before.name, october.after.name) == ("As it is now", "At €12.00")


def test_price_from_within_a_month_changes_that_month_from_its_day_on(tech):
    blog = make_blog(category=tech)
    make_count(blog, 1000, dt.date(2026, 11, 9))
    make_count(blog, 1000, dt.date(2026, 11, 10))
    result = forecast(tech, "12.345", dt.date(2026, 11, 10))
    [november] = result.real
    assert november.counts.month == NOVEMBER
    assert rows([november.total]) == [
        ("Total", Decimal(20), Decimal("22.345"), Decimal("2.345")),
    ]
    assert rows([result.supposed[1].total]) == [
        ("Total", Decimal(20), Decimal("24.69"), Decimal("4.69")),
    ]


def test_month_is_compared_once_where_both_ways_say_the_same(tech):
    make_count(make_blog(category=tech), 1000, dt.date(2026, 11, 9))
    result = forecast(tech, "12", NOVEMBER)
    assert [month.counts.month for month in result.real] == [NOVEMBER]
    assert [month.counts.month for month in result.supposed] == [OCTOBER]


def test_every_category_is_listed_and_only_the_changed_one_differs(tech):
    sports = make_category("Sports")
    make_price(sports, "5")
    make_count(make_blog(category=tech), 1000)
    make_count(make_blog(category=sports), 1000)
    october = forecast(tech, "11", dt.date(2026, 12, 1)).supposed[0]
    assert rows(october.categories) == [
        ("Sports", Decimal(5), Decimal(5), 0),
        ("Tech", Decimal(10), Decimal(11), 1),
    ]
    assert october.total.views == 2000
    assert october.views == 1000


def test_amount_of_an_author_is_all_of_the_month_rounded_once(tech):
    sports = make_category("Sports")
    make_price(sports, "5")
    ada = make_user(first_name="Ada", last_name="Example")
    bruno = make_user(first_name="Bruno", last_name="Sample")
    make_count(make_blog(category=tech, author=ada), 1001)
    make_count(make_blog(category=sports, author=ada), 1001)
    make_count(make_blog(category=sports, author=bruno), 1000)
    october = forecast(tech, "11", dt.date(2026, 12, 1)).supposed[0]
    assert rows(october.authors) == [
        ("Ada Example", Decimal("15.02"), Decimal("16.02"), Decimal("1.00")),
    ]


def test_ten_most_affected_authors_come_first_whichever_way_they_are_affected(tech):
    make_price(tech, "14", dt.date(2026, 10, 20))
    for number in range(1, 12):
        author = make_user(first_name="Author", last_name=str(number))
        make_count(make_blog(category=tech, author=author), number * 1000)
    loser = make_user(first_name="Late", last_name="Winner")
    make_count(make_blog(category=tech, author=loser), 50_000, dt.date(2026, 10, 20))
    october = forecast(tech, "12", dt.date(2026, 12, 1)).supposed[0]
    assert [row.name for row in october.authors] == [
        "Late Winner",
        *(f"Author {number}" for number in range(11, 2, -1)),
    ]
    assert [row.difference for row in october.authors[:2]] == [Decimal(-100), Decimal(22)]


def test_changed_price_takes_the_place_of_the_saved_one(tech):
    make_count(make_blog(category=tech), 1000, dt.date(2026, 11, 20))
    price = make_price(tech, "20", dt.date(2026, 11, 15))
    price.effective_from = dt.date(2026, 11, 21)
    [november] = forecast_price(price=price, at=AT).real
    assert rows([november.total]) == [("Total", Decimal(20), Decimal(10), Decimal(-10))]


def test_withdrawal_brings_back_the_price_before(tech):
    make_count(make_blog(category=tech), 1000, dt.date(2026, 11, 20))
    result = forecast_withdrawal(price=make_price(tech, "20", dt.date(2026, 11, 15)), at=AT)
    assert result.new_price == Decimal(10)
    [november] = result.real
    assert rows([november.total]) == [("Total", Decimal(20), Decimal(10), Decimal(-10))]
    assert november.after.name == "Without this price"


def test_withdrawal_of_a_coming_price_compares_it_with_the_one_that_goes_on(tech):
    make_count(make_blog(category=tech), 1000)
    result = forecast_withdrawal(price=make_price(tech, "20", dt.date(2026, 12, 1)), at=AT)
    october = result.supposed[0]
    assert result.real == []
    assert (october.before.name, october.after.name) == ("At €20.00", "At €10.00")
    assert rows([october.total]) == [("Total", Decimal(20), Decimal(10), Decimal(-10))]


def test_views_that_would_have_no_price_are_named():
    category = make_category("Tech")
    make_count(make_blog(category=category), 700, dt.date(2026, 11, 20))
    price = make_price(category, "20", dt.date(2026, 11, 15))
    result = forecast_withdrawal(price=price, at=AT)
    assert result.new_price is None
    assert (result.real[0].unpriced_before, result.real[0].unpriced_after) == (0, 700)


def test_first_price_of_a_category_gives_its_views_a_price():
    category = make_category("Tech")
    make_count(make_blog(category=category), 700, dt.date(2026, 11, 20))
    [november] = forecast(category, "10", NOVEMBER).real
    assert (november.unpriced_before, november.unpriced_after) == (700, 0)
    assert rows([november.total]) == [("Total", 0, Decimal(7), Decimal(7))]


def test_month_in_its_days_of_grace_stands_between_the_closed_one_and_this_one(tech, settings):
    settings.PAYOUT_GRACE_DAYS = 5
    at = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
    make_count(make_blog(category=tech), 1000)
    result = forecast(tech, "12", dt.date(2026, 12, 1), at=at)
    assert [month.counts.month for month in result.supposed if month.views] == [OCTOBER]


def test_price_of_the_last_second_belongs_to_the_local_day(tech):
    """At 23:30 UTC it is already the next month in Rome."""
    make_count(make_blog(category=tech), 1000, dt.date(2026, 12, 1))
    at = dt.datetime(2026, 11, 30, 23, 30, tzinfo=dt.UTC)
    result = forecast(tech, "12", dt.date(2027, 1, 1), at=at)
    assert result.supposed[-1].counts.month == dt.date(2026, 12, 1)


def read_all(result):
    for month in [*result.real, *result.supposed]:
        assert month.total
        assert month.categories
        assert month.authors


def test_forecast_writes_nothing(tech):
    make_count(make_blog(category=tech), 1000)
    make_count(make_blog(category=tech), 1000, dt.date(2026, 11, 20))
    price = make_price(tech, "20", dt.date(2026, 11, 15))
    before = snapshot()
    read_all(forecast(tech, "12", dt.date(2026, 11, 18)))
    read_all(forecast_withdrawal(price=price, at=AT))
    assert snapshot() == before


def count_queries_of(make):
    with CaptureQueriesContext(connection) as queries:
        read_all(make())
    return len(queries)


@pytest.mark.thorough
@pytest.mark.parametrize("is_withdrawal", [False, True])
def test_forecast_costs_the_same_for_2_and_20_authors(tech, is_withdrawal):
    price = make_price(tech, "20", dt.date(2026, 11, 15))

    def make():
        if is_withdrawal:
            return forecast_withdrawal(price=price, at=AT)
        return forecast(tech, "12", dt.date(2026, 11, 18))

    def add_views(authors):
        for _ in range(authors):
            blog = make_blog(category=tech)
            for day in (dt.date(2026, 10, 3), dt.date(2026, 11, 16), dt.date(2026, 11, 20)):
                make_count(blog, 1000, day)

    add_views(2)
    queries = count_queries_of(make)
    assert queries <= 15
    add_views(18)
    assert count_queries_of(make) == queries
