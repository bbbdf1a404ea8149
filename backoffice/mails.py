"""The only way for mails to leave this site.

A failed mail never stops a step. It is logged, ADMINS get a mail, and the job `send_mails` tries it
again (backoffice.mailing). mail_after_commit sends mails about a change after its commit. Each
person gets a mail of their own, as text and as HTML, and nobody gets it twice. A step that is
nothing without its mail, as an invitation, calls deliver with what write_mails yields.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import batched, chain, islice

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.urls import reverse

from backoffice.mailing.kinds import OTHER, MailKind, register_kind
from backoffice.mailing.letters import Letter

__all__ = [
    "Letter",
    "MailKind",
    "deliver",
    "find_url",
    "keep_quiet",
    "mail_admins",
    "mail_after_commit",
    "make_subject",
    "register_kind",
    "send_mail",
    "send_mails",
    "write_mails",
]

logger = logging.getLogger(__name__)

LONGEST_SUBJECT = 150
SPACES = re.compile(r"[^\S\xa0]+")  # but for those that keep a number with its unit
_is_quiet = ContextVar("is_quiet", default=False)
SENT_AT_ONCE = 20  # more mails than these are left to the job: somebody waits for the page
MAILS_AT_A_TIME = 2_000  # for each portion, all accounts are searched for its addresses


@contextmanager
def keep_quiet() -> Iterator[None]:
    """Send no mail in this block."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def mail_after_commit(write: Callable[[], Iterable[Letter]], *, about: str) -> None:
    """Send what `write` returns. It is called once the transaction is committed."""
    transaction.on_commit(partial(_send_all, write, about), robust=True)


def write_mails(
    subject: str,
    text: str,
    *,
    to: Iterable[str],
    kind: MailKind = OTHER,
    is_secret: bool = False,
) -> Iterator[Letter]:
    """Yield the mail to each address. Empty ones count for nobody.

    The record keeps no text of what `is_secret`, such as a link to a new password.
    """
    for address in sorted({*to} - {""}):
        yield Letter(
            subject=make_subject(subject),
            text=text,
            address=address,
            kind=kind,
            is_secret=is_secret,
        )


def send_mail(message: Letter, *, about: str) -> None:
    """Send the mail. If that fails, log the topic without a name or a title: it is tried again."""
    send_mails([message], about=about)


def send_mails(messages: Iterable[Letter], *, about: str) -> None:
    """Send the mails, the first ones at once and many by the job.

    Memory holds a portion of them.
    """
    if _is_quiet.get():
        return
    waiting = iter(messages)
    first = list(islice(waiting, SENT_AT_ONCE + 1))
    is_few = len(first) <= SENT_AT_ONCE
    is_server_there = True
    for portion in batched(chain(first, waiting), MAILS_AT_A_TIME):
        for message in _note(portion, will_send=is_few):
            is_server_there = is_server_there and _try(message, about)


def _note(messages: Iterable[Letter], *, will_send: bool) -> list[Letter]:
    """Record the mails, and return those that this process has to send."""
    from backoffice.mailing import records  # alerts load this module before there are models

    known = [message for message in messages if message.row is not None]
    unknown = [message for message in messages if message.row is None]
    new = records.note(unknown, will_send=will_send)
    is_left_to_job = not will_send and all(message.row is not None for message in new)
    return [] if is_left_to_job else [*known, *new]


def deliver(message: Letter) -> None:
    """Send the mail now, or raise what the mail server does."""
    from backoffice.mailing import records

    if message.row is None:
        records.note([message], will_send=True)
    try:
        message.send()
    except Exception as error:
        records.note_failure(message, error)
        raise
    records.note_sent(message)


def _try(message: Letter, about: str) -> bool:
    """Return whether it is worth to try another mail: the server answers."""
    from backoffice.mailing.server_errors import NO_SERVER, explain

    try:
        deliver(message)
    except NO_SERVER as error:
        reason = explain(error)
        logger.error(
            "The mail about %s could not be sent: %s", about, reason, extra={"no_mail_server": True}
        )
        return False
    except Exception:
        logger.exception("The mail about %s could not be sent.", about)
    return True


def mail_admins(subject: str, text: str) -> None:
    """Tell ADMINS. Raises what the mail server does: who logs failures must not log this one."""
    mail.mail_admins(make_subject(subject), text)


def make_subject(line: str) -> str:
    """Return the line as the subject of a mail: a title may hold a line break, or be long."""
    line = SPACES.sub(" ", line).strip()
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def find_url(name: str, *args: object) -> str:
    """Return the whole address of a page of the admin, for a mail."""
    return f"{settings.SITE_URL.rstrip('/')}{reverse(f'admin:{name}', args=args)}"


def _send_all(write: Callable[[], Iterable[Letter]], about: str) -> None:
    send_mails(write(), about=about)
