"""The people with rights over money or accounts, and how they got them: for auditors."""

from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User

from backoffice.accounts.models import AccessRequest, SecurityEvent
from backoffice.accounts.pauses import find_given_outside
from backoffice.accounts.rights import find_guarded_people


class Oversight(NamedTuple):
    is_single: bool  # settings say that there is one administrator
    administrators: int
    people: int  # active, with a right that two people give
    by_two: int  # requests that another administrator confirmed
    alone: int  # requests that one administrator proposed and confirmed
    waiting: int
    outside: list[tuple[User, list[SecurityEvent]]]  # given past both, and still there
    roles: list[SecurityEvent]  # permissions given past both to everyone of a role


def summarise_rights() -> Oversight:
    """Return how rights were given. A query for each person who ever got one past the two."""
    requests = AccessRequest.objects
    confirmed = requests.filter(outcome=AccessRequest.Outcome.CONFIRMED)
    active = find_guarded_people().filter(is_active=True)
    suspects = User.objects.filter(
        pk__in=SecurityEvent.objects.filter(is_outside=True).values("about"), is_active=True
    )
    found = [(user, find_given_outside(user)) for user in suspects.order_by("username")]
    return Oversight(
        is_single=settings.SINGLE_ADMINISTRATOR,
        administrators=User.objects.filter(is_superuser=True, is_active=True).count(),
        people=active.count(),
        by_two=confirmed.filter(is_alone=False).count(),
        alone=confirmed.filter(is_alone=True).count(),
        waiting=requests.filter(outcome=AccessRequest.Outcome.WAITING).count(),
        outside=[(user, events) for user, events in found if events],
        roles=list(SecurityEvent.objects.filter(is_outside=True, about=None).order_by("-pk")),
    )
