import pytest

from billing.counting import losses, readers, recording
from billing.counting.robots import forget_exceptions
from tests.factories import make_groups, make_user


@pytest.fixture(autouse=True)
def forget():
    """What a process remembers for a while would reach into the next test."""
    forget_exceptions()
    recording._trouble.update(until=0, told_until=0)
    losses._unwritten.clear()
    readers._salts.clear()


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
