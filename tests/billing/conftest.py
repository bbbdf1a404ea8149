import pytest
from django.db import transaction

from billing import locks
from billing.counting import losses, readers, recording
from billing.counting.robots import forget_exceptions
from billing.models import PayoutBatch
from tests.billing.counting.access_logs.logs import make_blogs, read_expected
from tests.billing.lock_order import LockOrder
from tests.billing.paid_months import pay_two_months
from tests.factories import make_groups, make_user


@pytest.fixture(autouse=True)
def forget():
    """Clear what a process remembers for a while, so that it does not reach the next test."""
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
    """Return a function that signs in a member of a group, a superuser for "Superusers", or
    staff of no role for None."""

    def sign_in(group, **values):
        is_superuser = group == "Superusers"
        user = make_user(
            groups=[group] if group and not is_superuser else [],
            is_superuser=is_superuser,
            **values,
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
def paid(db):
    """Two paid months, with a price that changed, an adjustment, and a payment that failed."""
    return pay_two_months()


@pytest.fixture(scope="module")
def shared_rows(request, django_db_setup, django_db_blocker):
    """Let a file's fixtures of scope "module" make rows, which its last test takes back.

    They give the tests numbers and no objects, because a test may change an object.
    """
    others = [
        item.name
        for item in request.session.items
        if item.path == request.path and "shared_rows" not in item.fixturenames
    ]
    assert not others, f"These would see what the others share: {others}"
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def paid_for_all(shared_rows):
    """The numbers of the batches of `paid_once`."""
    return [batch.pk for batch in pay_two_months()]


@pytest.fixture
def paid_once(paid_for_all, db):
    """What `paid` makes, but once for a file whose every test asks for it.

    Each test takes back what is its own, and the last one leaves nothing.
    """
    return [PayoutBatch.objects.get(pk=pk) for pk in paid_for_all]
