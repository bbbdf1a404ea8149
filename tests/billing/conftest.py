import datetime as dt
from decimal import Decimal

import pytest

from billing import locks
from billing.counting import losses, readers, recording
from billing.counting.folding import fold_views
from billing.counting.robots import forget_exceptions
from billing.models import (
    Adjustment,
)
from billing.payouts.adjustments import save_adjustment
from tests.billing.counting.access_logs.logs import make_blogs, read_expected
from tests.billing.lock_order import LockOrder
from tests.billing.paid_months import OCTOBER, SEPTEMBER, make_views, pay
from tests.factories import make_blog, make_category, make_groups, make_price, make_user


@pytest.fixture(autouse=True)
def forget():
    """What a process remembers for a while would reach into the next test."""
    forget_exceptions()
    recording._trouble.update(until=0, told_until=0)
    losses._unwritten.clear()
    readers._salts.clear()


@pytest.fixture
def lock_order(monkeypatch):
    """Fail a test in which somebody takes a lock after a later one.

    For tests that open no transactions around what they call.
    """
    order, take = LockOrder(), locks._take

    def watch(lock):
        order.take(lock)
        take(lock)

    monkeypatch.setattr(locks, "_take", watch)
    yield order
    assert not order.wrong


@pytest.fixture
def groups():
    make_groups("10_groups.json", "30_billing_groups.json")


@pytest.fixture
def sign_in(client, groups):
    """Return a function that signs somebody of a group in, or a superuser for "Superusers"."""

    def sign_in(group, **values):
        is_superuser = group == "Superusers"
        user = make_user(
            groups=[] if is_superuser else [group], is_superuser=is_superuser, **values
        )
        client.force_login(user)
        return user

    return sign_in


@pytest.fixture
def semicomplete(shared_data):
    """The folder of a real log, with a blog for each of its articles."""
    folder = shared_data / "access-log-semicomplete"
    make_blogs(read_expected(folder, "views_200"))
    return folder


@pytest.fixture
def paid():
    """Two paid months, with a price that changed, an adjustment, and a payment that failed."""
    tech, sports = make_category("Tech"), make_category("Sports")
    make_price(tech, "15")
    make_price(tech, "18", dt.date(2026, 9, 15))
    make_price(sports, "10")
    blogs = [
        make_blog(category=category, title=title)
        for category, title in ((tech, "=1+1"), (sports, "'quoted'"), (tech, "Tides"))
    ]
    for blog in blogs:
        for month, day in ((9, 3), (9, 15), (9, 20), (10, 1), (10, 31)):
            make_views(blog, dt.date(2026, month, day), 4)
    adjustment = Adjustment(author=blogs[0].author, amount=Decimal(-5), reason="Paid twice.")
    save_adjustment(adjustment=adjustment, by=make_user())
    fold_views()
    september = pay(SEPTEMBER, at=dt.datetime(2026, 10, 12, tzinfo=dt.UTC), failed=True)
    make_views(blogs[1], dt.date(2026, 9, 29), 3)
    october = pay(OCTOBER, at=dt.datetime(2026, 11, 12, tzinfo=dt.UTC))
    return september, october
