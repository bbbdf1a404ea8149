"""Duties that keep an account's name, and their last days.

Each app registers its own duties in AppConfig.ready; this module knows no table of theirs.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max, Q
from django.utils.timezone import localdate

from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import is_guarded_person


class Duty(NamedTuple):
    """Without `since`, `why` is a sentence with the next step. With it, `why` is its subject."""

    why: str
    since: dt.date | None = None


FindDuties = Callable[[User], Iterable[Duty]]

_finders: dict[str, FindDuties] = {}


def register_duties(name: str, find_duties: FindDuties) -> None:
    """Let `find_duties` say why the name of a user has to stay. Call it in ready()."""
    _finders[name] = find_duties


def explain_duties(user: User, *, on: dt.date) -> list[str]:
    """Return why the name of `user` has to stay on that day, a sentence for each reason."""
    sentences = []
    for find_duties in _finders.values():
        for duty in find_duties(user):
            if duty.since is None:
                sentences.append(duty.why)
            elif on <= (until := _last_day(duty.since)):
                sentences.append(
                    f"{duty.why}, of {duty.since:%-d %b %Y}, keeps the name until "
                    f"{until:%-d %b %Y}."
                )
    return sentences


def _last_day(since: dt.date) -> dt.date:
    """Return the last day on which the name has to stay."""
    return dt.date(min(since.year + settings.ACCOUNT_KEEP_YEARS, dt.MAXYEAR), 12, 31)


def find_own_duties(user: User) -> Iterable[Duty]:
    """Yield the accounts' own duties: open rights, and requests and decisions on access."""
    if is_guarded_person(user):
        yield Duty("The account has rights over money or accounts: take them away first.")
    waiting = AccessRequest.objects.filter(outcome=AccessRequest.Outcome.WAITING)
    if waiting.filter(Q(about=user) | Q(asked_by=user)).exists():
        yield Duty("An access request for them, or by them, waits: decide it first.")
    last = [
        AccessRequest.objects.filter(asked_by=user).aggregate(last=Max("asked_at"))["last"],
        AccessRequest.objects.filter(decided_by=user).aggregate(last=Max("decided_at"))["last"],
    ]
    if moments := [moment for moment in last if moment]:
        yield Duty("Their last decision on access", localdate(max(moments)))
