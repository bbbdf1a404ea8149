"""Writes views of the stream, their numbers and the stream's position in one transaction.

So nothing counts twice, however often a message comes, and a consumer may die at any moment.
"""

import datetime as dt
from collections import Counter
from typing import NamedTuple

from django.db import transaction
from django.db.models import F

from billing.counting.losses import mail_losses
from billing.counting.spool_views import Intake, add_views
from billing.counting.stream.messages import NotReadableHere, NotSigned, read_message
from billing.counting.stream.numbers import add_numbers, list_new
from billing.models import LostViewTotal, StreamPosition

Reason = LostViewTotal.Reason


class Message(NamedTuple):
    """A message of the stream, by its number there."""

    sequence: int
    text: bytes
    day: dt.date  # on which the broker took it, for a message that can't be read


class Taken(NamedTuple):
    """How many views were new, and which messages another process has to read, and why."""

    new: int
    unread: dict[int, str]


@transaction.atomic
def take_in(messages: list[Message], *, stream: str, at: dt.datetime) -> Taken:
    """Store the views of all messages that can be read."""
    lost: Counter = Counter()
    views = []
    position = _position(stream)
    # What is known was committed by a consumer that died before it could say so. One answer of the
    # broker may hold a message twice.
    by_sequence = {each.sequence: each for each in messages}
    new = set(list_new(position.taken_in, by_sequence))
    unread = {}
    for sequence in sorted(new):
        try:
            views.append(read_message(by_sequence[sequence].text))
        except NotSigned:
            lost[by_sequence[sequence].day, Reason.NOT_SIGNED] += 1
        except NotReadableHere as error:
            unread[sequence] = str(error)
    intake = Intake()
    add_views(views, intake, lost)
    _add_losses(stream, lost)
    position.taken_in = add_numbers(position.taken_in, new - unread.keys())
    position.taken_in_at = at
    position.save()
    return Taken(intake.taken_in, unread)


def _position(stream: str) -> StreamPosition:
    StreamPosition.objects.get_or_create(stream=stream)
    return StreamPosition.objects.select_for_update().get(stream=stream)


def _add_losses(stream: str, lost: Counter) -> None:
    """Add the losses, and mail the first ones of a day and reason: more may come each second."""
    new = []
    for (day, reason), views in lost.items():
        if views:
            row, is_new = LostViewTotal.objects.get_or_create(
                source=stream[:100], day=day, reason=reason, defaults={"views": 0}
            )
            LostViewTotal.objects.filter(pk=row.pk).update(views=F("views") + views)
            if is_new:
                new.append(f"{views} of {day}, and perhaps more to come: {Reason(reason).label}")
    if new:
        transaction.on_commit(lambda: mail_losses(new))
