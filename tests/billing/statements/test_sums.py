import datetime as dt
from decimal import Decimal

import pytest

from billing.counting.folding import fold_views
from billing.models import CategoryPrice
from billing.payouts import steps
from billing.payouts.holds import hold_payment
from billing.statements.sums import LineSums, reconcile
from tests.billing.adjustments import make_adjustment
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.factories import (
    NOON,
    approve,
    make_blog,
    make_category,
    make_click,
    make_count,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


def sign(batch):
    return approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)


@pytest.fixture
def batch(settings):
    """October: Food at 5 and Tech at 10, which became 20 on the 16th; September is signed."""
    settings.MINIMUM_PAYOUT = Decimal(5)
    tech, food = make_category("Tech"), make_category("Food")
    make_price(food, "5")
    make_price(tech, "10")
    ada, ben = make_blog(category=tech), make_blog(category=food)
    make_count(ada, 1000, SEPTEMBER)
    make_count(ben, 100, SEPTEMBER)  # 0.50, carried
    sign(steps.build_batch(month=SEPTEMBER, at=AT)[0])
    make_price(tech, "20", OCTOBER.replace(day=16))
    make_count(ada, 30, SEPTEMBER.replace(day=2))  # 0.30, late
    make_count(ada, 1000, OCTOBER)  # 10
    make_count(ada, 50, OCTOBER.replace(day=16))  # 1
    make_count(ben, 400, OCTOBER)  # 2
    make_adjustment("3", author=ada.author)
    return steps.build_batch(month=OCTOBER, at=AT)[0]


def test_sums_tell_views_adjustments_and_what_was_carried_in(batch):
    sums = LineSums(batch)
    assert sums.categories == [
        ("Food", 400, Decimal(2)),
        ("Tech", 1080, Decimal("11.30")),
    ]
    assert (sums.views, sums.adjusted, sums.carried_in) == (1480, Decimal(3), Decimal("0.5"))
    assert sums.total == Decimal("16.80")


@pytest.mark.thorough
def test_prices_of_the_lines_stand_by_category_and_day(batch):
    assert [
        (row["category_name"], row["price_per_1000"], row["effective_from"])
        for row in LineSums(batch).prices
    ] == [
        ("Food", Decimal(5), dt.date(2020, 1, 1)),
        ("Tech", Decimal(10), dt.date(2020, 1, 1)),
        ("Tech", Decimal(20), dt.date(2026, 10, 16)),
    ]
    for row in LineSums(batch).prices:
        assert row["last_change"].id == row["price"]
        assert (
            row["last_change"].history_user
            == CategoryPrice.history.get(id=row["price"]).history_user
        )


@pytest.mark.thorough
def test_views_are_reconciled_from_all_received_to_those_paid(settings):
    """Each view is worth 1.00, and a payment starts at 3.00."""
    settings.MINIMUM_PAYOUT = Decimal(3)
    category, unpriced = make_category("Tech"), make_category("Food")
    make_price(category, "1000")
    ada, ben, eve = (make_blog(category=category) for _ in range(3))
    waits = make_blog(category=unpriced)
    make_count(ada, 4, SEPTEMBER)
    sign(steps.build_batch(month=SEPTEMBER, at=AT)[0])
    make_count(ada, 6, SEPTEMBER.replace(day=2))
    for blog, number in ((ada, 5), (ben, 2), (eve, 7), (waits, 3)):
        for reader in range(number):
            make_click(blog, ip_address=f"192.0.2.{reader}")
    make_click(ada, 20)  # a double click
    for _ in range(4):
        make_click(ada, user_agent="Googlebot/2.1")
    fold_views(at=NOON + dt.timedelta(minutes=5))
    batch, _ = steps.build_batch(
        month=OCTOBER, at=AT, by=make_user(), leave_out="Food has no price yet"
    )
    held = batch.payments.get(author=eve.author)
    hold_payment(payment=held, by=make_user(), reason="Asked for", at=AT)
    make_click(ben, 3600, ip_address="192.0.2.250")  # after the batch was built
    fold_views(at=NOON + dt.timedelta(hours=2))

    way = reconcile(batch, LineSums(batch))
    excluded = {name: views for name, _, views in way.excluded if views}
    assert (way.received, excluded) == (23, {"double_click": 1, "robot": 4})
    assert ("robot", "robot", 4) in [(name, label.lower(), n) for name, label, n in way.excluded]
    assert (way.counted, way.unpriced, way.left, way.late) == (18, 3, 1, 6)
    assert (way.in_batch, way.held, way.carried, way.paid) == (20, 7, 2, 11)
