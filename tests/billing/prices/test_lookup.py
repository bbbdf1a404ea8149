"""The lookups in memory, in SQL and of the verification give the same price for any day."""

import datetime as dt

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import CategoryPrice, DailyViewCount
from billing.payouts.derivation import _PriceTable
from billing.prices.lookup import LoadedPrices, price_id_on
from billing.verification.prices import find_price_in_force
from tests.factories import make_blog, make_category, make_price, make_view_seal

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

FIRST = dt.date(2024, 2, 20)
ONE_DAY = dt.timedelta(days=1)

# First days lie close together, so that prices of one day and of months are both drawn.
histories = st.lists(
    st.sets(st.integers(0, 40).map(lambda days: FIRST + dt.timedelta(days=days)), max_size=6),
    min_size=1,
    max_size=3,
)


def make_history(starts_of):
    """Return {category_id: first days} of new prices, and a blog for each category's views."""
    starts, blogs = {}, {}
    for number, days in enumerate(starts_of):
        blog = make_blog(category=make_category(f"Category {number}"))
        starts[blog.category_id], blogs[blog.category_id] = sorted(days), blog
        for day in days:
            make_price(blog.category, "1", day)
    return starts, blogs


@pytest.mark.thorough
@settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(starts_of=histories)
@pytest.mark.slow
def test_all_lookups_give_the_same_price_for_any_history(starts_of, db):
    with transaction.atomic():
        starts, blogs = make_history(starts_of)
        edges = {FIRST, *(day for days in starts.values() for day in days)}
        days = sorted({edge + shift * ONE_DAY for edge in edges for shift in (-1, 0, 1)})
        expected = {
            (category, day): max((first for first in firsts if first <= day), default=None)
            for category, firsts in starts.items()
            for day in days
        }
        assert in_memory(days, starts) == expected
        assert in_sql(days, blogs) == expected
        assert on_each_day(days, starts) == expected
        assert of_the_verification(days, starts) == expected
        transaction.set_rollback(True)


def in_memory(days, categories):
    prices = LoadedPrices(CategoryPrice.objects.all(), give=lambda price: price.effective_from)
    return {(category, day): prices.find(category, day) for category in categories for day in days}


def in_sql(days, blogs):
    seal = make_view_seal()
    DailyViewCount.objects.bulk_create(
        DailyViewCount(
            blog=blog, author_id=blog.author_id, category_id=category, day=day, views=1, seal=seal
        )
        for category, blog in blogs.items()
        for day in days
    )
    starts = dict(CategoryPrice.objects.values_list("pk", "effective_from"))
    rows = DailyViewCount.objects.annotate(price=price_id_on("day"))
    return {
        (category, day): starts.get(price)
        for category, day, price in rows.values_list("category", "day", "price")
    }


def on_each_day(days, categories):
    found = {(category, day): None for category in categories for day in days}
    for day in days:
        for price in CategoryPrice.objects.in_force_on(day):
            found[price.category_id, day] = price.effective_from
    return found


def of_the_verification(days, categories):
    return {
        (category, day): getattr(find_price_in_force(category, day), "effective_from", None)
        for category in categories
        for day in days
    }


def test_next_price_is_the_first_that_starts_after_the_day():
    category = make_category()
    first, second = (make_price(category, "1", FIRST + n * ONE_DAY) for n in (0, 5))
    prices = LoadedPrices([second, first], give=lambda price: price)
    assert prices.find_next(category.pk, FIRST - ONE_DAY) == first
    assert prices.find_next(category.pk, FIRST) == second
    assert prices.find_next(category.pk, second.effective_from) is None
    assert prices.find_next(category.pk + 1, FIRST) is None


def test_views_before_the_first_price_are_not_priced_at_another():
    category = make_category()
    make_price(category, "1", FIRST)
    prices = _PriceTable("EUR")
    assert prices.find(category.pk, FIRST)
    assert prices.find(category.pk, FIRST - ONE_DAY) is None
