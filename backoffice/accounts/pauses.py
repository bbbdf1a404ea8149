"""Pauses: a person whose account somebody else has just changed signs nothing for a time.

Somebody who gives an account a password, an address, a factor or a right may control it. During the
pause the account's person can read the mail about it and object.
"""

import datetime as dt

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.timezone import localtime

from backoffice.accounts.models import SecurityEvent
from backoffice.people import full_name

Kind = SecurityEvent.Kind

# The events that take back a right given without a second person.
TAKEN_BACK = {
    Kind.GROUP_GIVEN: Kind.GROUP_TAKEN,
    Kind.PERMISSION_GIVEN: Kind.PERMISSION_TAKEN,
    Kind.SUPERUSER_GIVEN: Kind.SUPERUSER_TAKEN,
    Kind.ACTIVATED: Kind.DEACTIVATED,
}


def find_pauses(user: User, *, at: dt.datetime) -> QuerySet[SecurityEvent]:
    """Return other people's changes of the account that stop `user` from signing at `at`."""
    return SecurityEvent.objects.filter(about=user, at__lte=at, pauses_until__gt=at).order_by("pk")


def find_given_outside(user: User) -> list[SecurityEvent]:
    """Return existing rights that need two people and were given by fewer. One query."""
    standing: dict[tuple[str, str], SecurityEvent] = {}
    kinds = {*TAKEN_BACK, *TAKEN_BACK.values()}
    for event in SecurityEvent.objects.filter(about=user, kind__in=kinds).order_by("pk"):
        given = next((kind for kind, taken in TAKEN_BACK.items() if taken == event.kind), None)
        if given:
            standing.pop((given, event.detail), None)
        elif event.is_outside:
            standing[event.kind, event.detail] = event
    return list(standing.values())


def explain_pauses(user: User, *, at: dt.datetime) -> list[str]:
    """Return the reasons why `user` may not sign at `at`, as sentences. Two queries."""
    reasons = [
        f"{_describe(event)} on {localtime(event.at):%-d %b %Y} by {_name(event.by)}: until "
        f"{localtime(event.pauses_until):%-d %b %Y, %H:%M} you sign nothing."
        for event in find_pauses(user, at=at).select_related("by")
    ]
    reasons += [
        f"{_describe(event)} on {localtime(event.at):%-d %b %Y} without a second administrator. "
        "Somebody has to take it away, then one administrator proposes it and another confirms it."
        for event in find_given_outside(user)
        if event.at <= at
    ]
    return reasons


def _describe(event):
    what = event.get_kind_display()
    return f"{what} ({event.detail})" if event.detail else what


def _name(by):
    return full_name(by) if by else "somebody at the machine"
