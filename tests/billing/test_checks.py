import pytest

from billing.checks import (
    check_currency,
    check_grace_days,
    check_retention_days,
    check_robot_lists,
)

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("name", "value", "check", "found"),
    [
        ("CURRENCY", "USD", check_currency, []),
        ("CURRENCY", "euro", check_currency, ["billing.E001"]),
        ("ROBOT_LISTS", ["counter"], check_robot_lists, []),
        ("ROBOT_LISTS", [], check_robot_lists, ["billing.E002"]),
        ("ROBOT_LISTS", ["counter", "mine"], check_robot_lists, ["billing.E002"]),
        ("PAYOUT_GRACE_DAYS", 0, check_grace_days, []),
        ("PAYOUT_GRACE_DAYS", -1, check_grace_days, ["billing.E003"]),
        ("VIEW_RETENTION_DAYS", 1, check_retention_days, []),
        ("VIEW_RETENTION_DAYS", 0, check_retention_days, ["billing.E004"]),
    ],
)
def test_setting_is_checked(name, value, check, found, settings):
    setattr(settings, name, value)
    assert [error.id for error in check(None)] == found
