"""Keeps the record of mails: before each try, and after it."""

import datetime as dt
import logging
from collections.abc import Iterable
from itertools import batched

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from backoffice.mailing.choices import How, find_how
from backoffice.mailing.letters import Letter
from backoffice.mailing.models import Mail, ReminderSaid
from backoffice.mailing.server_errors import explain, is_final

logger = logging.getLogger(__name__)

State = Mail.State

# How long after the first, second, … try the next one comes; after the last none does.
WAITS = [dt.timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 720, 1440, 1440)]
ROWS_AT_A_TIME = 2_000
ONCE = (
    "{} It held a link that counts once, so it is not sent again: let the person ask for a new one."
)
INTERRUPTED = "The process that sent it ended before the mail server had answered."
WITHOUT_NAME = "A mail that named somebody who has left"
LONGEST_REASON = Mail._meta.get_field("reason").max_length or 0


def note(letters: Iterable[Letter], *, will_send: bool) -> list[Letter]:
    """Record the mails, and return those to send now: a mail must not fail by its record.

    What the caller does not send itself, the job sends; and what it was about to send when it was
    killed, after the first of WAITS. A mail that the person does not want is left out.
    """
    at, letters = timezone.now(), list(letters)
    wanted: list[Letter] = []
    try:
        with transaction.atomic():
            for portion in batched(letters, ROWS_AT_A_TIME):
                wanted += _note(list(portion), at=at, will_send=will_send)
    except Error:  # of the database
        logger.exception("The record of mails could not be written.")
        return letters
    return wanted


def _note(letters: list[Letter], *, at: dt.datetime, will_send: bool) -> list[Letter]:
    people = find_people(letter.to[0] for letter in letters)
    chosen = find_how(letters, people)

    def wants(letter: Letter) -> str:
        return chosen.get((people.get(letter.to[0].lower(), 0), letter.kind.key), How.AT_ONCE)

    collected = [letter for letter in letters if wants(letter) == How.DAILY]
    now = [letter for letter in letters if wants(letter) == How.AT_ONCE]
    insert(collected, people, at=at, will_send=False, state=State.COLLECTED)
    insert(now, people, at=at, will_send=will_send)
    return now


def insert(
    letters: list[Letter],
    people: dict[str, int],
    *,
    at: dt.datetime,
    will_send: bool,
    state: str = State.WAITING,
) -> list[Mail]:
    """Add the rows, tell the mails theirs, and return them."""
    next_try = at + WAITS[0] if will_send else at
    rows = Mail.objects.bulk_create(
        Mail(
            kind=letter.kind.key,
            address=letter.to[0],
            person_id=people.get(letter.to[0].lower()),
            subject=str(letter.subject),
            text="" if letter.is_secret else str(letter.body),
            message_id=letter.message_id,
            state=state,
            tries=1 if will_send else 0,
            made_at=at,
            try_after=next_try if state == State.WAITING else None,
        )
        for letter in letters
    )
    for letter, row in zip(letters, rows, strict=True):
        letter.row = row.pk
    return rows


def find_people(addresses: Iterable[str]) -> dict[str, int]:
    """Return {address in lower case: key of the account} where just one account has it."""
    wanted = {address.lower() for address in addresses}
    rows = User.objects.annotate(lower=Lower("email")).filter(lower__in=wanted)
    found: dict[str, list[int]] = {}
    for address, pk in rows.values_list("lower", "pk"):
        found.setdefault(address, []).append(pk)
    return {address: pks[0] for address, pks in found.items() if len(pks) == 1}


def note_sent(letter: Letter) -> None:
    _write(letter, state=State.SENT, sent_at=timezone.now(), try_after=None, reason="")


def note_failure(letter: Letter, error: Exception, *, tries: int = 1) -> bool:
    """Record why the mail was not taken, and return whether it is tried again."""
    reason = explain(error)
    if letter.is_secret:
        _give_up(letter, ONCE.format(reason))
        return False
    if tries > len(WAITS) or is_final(error):
        _give_up(letter, reason)
        return False
    _write(letter, reason=reason[:LONGEST_REASON])
    return True


def _give_up(letter: Letter, reason: str) -> None:
    _write(letter, state=State.FAILED, try_after=None, reason=reason[:LONGEST_REASON])


def _write(letter: Letter, **values: object) -> None:
    """Write what became of the mail. If the database is away, the job tries the mail again."""
    if letter.row is None:
        return
    try:
        with transaction.atomic():
            Mail.objects.filter(pk=letter.row).exclude(state=State.SENT).update(**values)
    except Error:  # of the database
        logger.exception("The record of a mail could not be written.")


def close_interrupted(*, at: dt.datetime) -> int:
    """Give up mails with a secret whose process ended before they were sent: no text is kept."""
    rows = Mail.objects.filter(state=State.WAITING, text="", try_after__lte=at)
    return rows.update(state=State.FAILED, try_after=None, reason=ONCE.format(INTERRUPTED))


def forget_person(user: User, *, keep_name: bool) -> None:
    """Drop the mails to somebody, and empty those to others that name them."""
    Mail.objects.filter(Q(person=user) | Q(address__iexact=user.email) & ~Q(address="")).delete()
    user.reminders_said.all().delete()
    user.mail_choices.all().delete()
    name = user.get_full_name()
    if name and not keep_name:
        named = Mail.objects.filter(Q(subject__icontains=name) | Q(text__icontains=name))
        named.exclude(state=State.WAITING).update(subject=WITHOUT_NAME, text="")


def forget_mails(*, at: dt.datetime) -> int:
    """Drop the record of mails older than MAIL_RECORD_DAYS, but of those that still wait."""
    before = at - dt.timedelta(days=settings.MAIL_RECORD_DAYS)
    ReminderSaid.objects.filter(said_at__lt=before).delete()
    old = Mail.objects.filter(made_at__lt=before).exclude(state=State.WAITING)
    return old.delete()[1].get(Mail._meta.label, 0)
