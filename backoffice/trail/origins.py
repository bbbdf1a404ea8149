"""From where somebody acted: the address and the device of their sign-in, as they are kept.

Only the security log keeps addresses, and erases them after SECURITY_ADDRESS_DAYS. Of any other
entry its person's last sign-in before it is told, as what it is: nobody is held to sign in once.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.timezone import localtime

from backoffice.accounts.models import SecurityEvent
from backoffice.trail.entries import Entry

MOST_SIGN_INS = 200  # of one person on one page


def describe_place(event: SecurityEvent) -> str:
    return ", ".join(filter(None, [event.device, event.address]))


def add_origins(entries: list[Entry]) -> list[Entry]:
    """Return the entries with the sign-ins before them. One query."""
    unknown = [entry for entry in entries if entry.by and not entry.origin]
    if not unknown:
        return entries
    sign_ins = _find_sign_ins(unknown)
    return [
        replace(entry, origin=_find_origin(entry, sign_ins[entry.by.pk]))
        if entry.by and not entry.origin
        else entry
        for entry in entries
    ]


def _find_sign_ins(entries: list[Entry]) -> dict[int | None, list[Any]]:
    longest = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    moments = [entry.at for entry in entries]
    events = SecurityEvent.objects.filter(
        about__in={entry.by.pk for entry in entries if entry.by},
        kind=SecurityEvent.Kind.SIGNED_IN,
        at__gte=min(moments) - longest,
        at__lte=max(moments),
    )
    latest = Window(RowNumber(), partition_by="about", order_by=F("at").desc())
    found: dict[int | None, list[Any]] = defaultdict(list)
    for event in events.annotate(rank=latest).filter(rank__lte=MOST_SIGN_INS).order_by("at"):
        found[event.about_id].append(event)
    return found


def _find_origin(entry: Entry, sign_ins: list[Any]) -> str:
    index = bisect_right([event.at for event in sign_ins], entry.at)
    if not index:
        return ""
    event = sign_ins[index - 1]
    if entry.at - event.at > dt.timedelta(seconds=settings.SESSION_COOKIE_AGE):
        return ""
    place = describe_place(event)
    return f"{place}, signed in {localtime(event.at):%H:%M}" if place else ""
