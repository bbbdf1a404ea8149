import datetime as dt
from decimal import Decimal

import pytest

from billing.models import CategoryPrice
from billing.payouts.price_withdrawal import withdraw_price
from billing.prices.rules import save_price
from billing.prices.tables import make_price_table, make_timeline
from tests.billing.admin.price_pages import make_price_without_history
from tests.factories import make_category, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def finn():
    return make_user(first_name="Finn", last_name="Finance")


def enter(category, price_per_1000, effective_from, *, by, note="A new contract"):
    price = CategoryPrice(
        category=category,
        price_per_1000=Decimal(price_per_1000),
        effective_from=effective_from,
        note=note,
    )
    return save_price(price=price, by=by)


def test_timeline_shows_coming_present_past_and_withdrawn_prices_with_their_days(finn):
    tech = make_category("Tech")
    enter(tech, "10", dt.date(2026, 1, 1), by=finn)
    enter(tech, "12", dt.date(2026, 11, 22), by=finn)
    enter(tech, "14", dt.date(2027, 1, 1), by=finn)
    mistake = enter(tech, "99", dt.date(2026, 12, 1), by=finn)
    withdraw_price(price=mistake, by=finn, reason="One digit too many")
    entries = make_timeline(category=tech, day=TODAY)
    assert [
        (entry.price.price_per_1000, entry.state, entry.price.effective_from, entry.last_day)
        for entry in entries
    ] == [
        (14, "coming", dt.date(2027, 1, 1), None),
        (99, "withdrawn", dt.date(2026, 12, 1), None),
        (12, "in_force", dt.date(2026, 11, 22), dt.date(2026, 12, 31)),
        (10, "past", dt.date(2026, 1, 1), dt.date(2026, 11, 21)),
    ]


@pytest.mark.any_database
def test_timeline_says_who_changed_what_when_and_why(finn):
    other = make_user()
    price = enter(make_category("Tech"), "10", dt.date(2026, 12, 1), by=finn)
    price.price_per_1000, price.note = Decimal(11), "A typing error"
    save_price(price=price, by=other)
    price.effective_from, price.note = dt.date(2026, 12, 2), "A day later"
    save_price(price=price, by=finn)
    withdraw_price(price=price, by=other, reason="Not agreed after all")
    [entry] = make_timeline(category=price.category, day=TODAY)
    assert [
        (change.record.history_user, change.record.history_change_reason, change.is_withdrawal)
        for change in entry.changes
    ] == [
        (finn, "A new contract", False),
        (other, "A typing error", False),
        (finn, "A day later", False),
        (other, "Not agreed after all", True),
    ]
    assert [(change.old_price, change.old_day) for change in entry.changes] == [
        (None, None),
        (Decimal(10), None),
        (None, dt.date(2026, 12, 1)),
        (None, None),
    ]


def test_price_without_history_has_no_changes():
    price = make_price_without_history(make_category("Tech"))
    [entry] = make_timeline(category=price.category, day=TODAY)
    assert (entry.price, entry.changes) == (price, [])


def test_withdrawn_price_is_shown_by_the_last_row_of_its_history(finn):
    price = make_price_without_history(make_category("Tech"))
    withdraw_price(price=price, by=finn, reason="One digit too many")
    [entry] = make_timeline(category=price.category, day=TODAY)
    assert (entry.state, entry.price.history_type, len(entry.changes)) == ("withdrawn", "-", 1)


def test_timeline_holds_one_category_and_costs_the_same_for_many_prices(
    finn, django_assert_num_queries
):
    tech = make_category("Tech")
    enter(make_category("Sports"), "5", TODAY, by=finn)
    for number in range(1, 21):
        enter(tech, "10", dt.date(2026, 1, number), by=finn)
    with django_assert_num_queries(2):
        entries = make_timeline(category=tech, day=TODAY)
        assert len(entries) == 20
        assert entries[0].changes[0].record.history_user == finn


def test_table_names_the_last_change_of_a_category_also_a_withdrawal(finn):
    tech, sports = make_category("Tech"), make_category("Sports")
    enter(tech, "10", dt.date(2026, 1, 1), by=finn)
    price = enter(tech, "12", dt.date(2026, 12, 1), by=finn)
    price.price_per_1000 = Decimal(13)
    save_price(price=price, by=finn)
    sports_row, tech_row = make_price_table(day=TODAY)
    assert (sports_row.category, sports_row.last_change) == (sports, None)
    assert tech_row.last_change.old_price == Decimal(12)
    withdraw_price(price=price, by=finn, reason="A mistake")
    [row] = make_price_table(day=TODAY, category=tech)
    assert row.last_change.is_withdrawal
    assert row.last_change.record.history_change_reason == "A mistake"
    assert row.coming is None
