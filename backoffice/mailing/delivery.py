"""Sends the mails that wait: those that the mail server did not take, and those of killed tries."""

import datetime as dt
import logging
import time

from django.db.models import F
from django.utils import timezone

from backoffice.mailing import records
from backoffice.mailing.kinds import OTHER, list_kinds
from backoffice.mailing.letters import Letter
from backoffice.mailing.models import Mail
from backoffice.mailing.records import WAITS
from backoffice.mailing.server_errors import NO_SERVER

logger = logging.getLogger(__name__)

LONGEST_RUN = 20 * 60  # seconds; the rest waits for the next run
MAILS_AT_A_TIME = 100


def send_waiting(*, at: dt.datetime | None = None) -> tuple[int, int]:
    """Send what is due, oldest first. Return (how many were sent, how many were not).

    It ends when the mail server does not answer at all.
    """
    at = at or timezone.now()
    records.close_interrupted(at=at)
    sent = failed = 0
    until = time.monotonic() + LONGEST_RUN
    due = Mail.objects.filter(state=Mail.State.WAITING, try_after__lte=at).order_by("pk")
    while time.monotonic() < until and (rows := list(due[:MAILS_AT_A_TIME])):
        for row in rows:
            if (letter := _claim(row, at=at)) is None:
                continue
            error = _try(letter, tries=row.tries + 1)
            sent, failed = sent + (error is None), failed + (error is not None)
            if isinstance(error, NO_SERVER):
                return sent, failed
    return sent, failed


def _claim(row: Mail, *, at: dt.datetime) -> Letter | None:
    """Return the mail if no other process took it meanwhile. Its next try is set already."""
    wait = WAITS[min(row.tries, len(WAITS) - 1)]
    waiting = Mail.objects.filter(pk=row.pk, state=Mail.State.WAITING, tries=row.tries)
    if not waiting.update(tries=F("tries") + 1, try_after=at + wait):
        return None
    kind = list_kinds().get(row.kind, OTHER)
    letter = Letter(subject=row.subject, text=row.text, address=row.address, kind=kind)
    letter.name(row.message_id)
    letter.row = row.pk
    return letter


def _try(letter: Letter, *, tries: int) -> Exception | None:
    try:
        letter.send()
    except Exception as error:
        if not records.note_failure(letter, error, tries=tries):
            logger.exception("A mail about %s could not be sent.", letter.kind.key)
        return error
    records.note_sent(letter)
    return None
