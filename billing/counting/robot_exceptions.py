"""Exceptions to the robot lists, as people enter and end them."""

from django.contrib.auth.models import User
from django.db import transaction

from backoffice.signing import save_if_changed
from billing.counting.robots import forget_exceptions
from billing.errors import require_reason
from billing.models import RobotException
from billing.own_money import refuse_own_robots

ASK_WHY = "Say why these are people: the auditors read it."


@transaction.atomic
def save_robot_exception(*, exception: RobotException, by: User) -> RobotException:
    """Save a new or changed exception; its reason is the history's. Raises OwnMoney."""
    require_reason(exception.reason, ASK_WHY)
    refuse_own_robots(by=by)
    save_if_changed(exception, by=by, reason=exception.reason)
    forget_exceptions()
    return exception
