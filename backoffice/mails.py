"""The only way for mails to leave this site.

A failed mail never stops a step: send_mail logs it, and ADMINS get a mail. mail_after_commit sends
mails about a change after its commit. A subject is one line, and nobody gets a mail twice. A step
that is nothing without its mail, as an invitation, sends what write_mails yields by itself.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import batched

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

logger = logging.getLogger(__name__)

LONGEST_SUBJECT = 150
SPACES = re.compile(r"[^\S\xa0]+")  # but for those that keep a number with its unit
_is_quiet = ContextVar("is_quiet", default=False)
ADDRESSES_AT_A_TIME = 50  # a server takes 100 at least (RFC 5321, 4.5.3.1.8), many no more


@contextmanager
def keep_quiet() -> Iterator[None]:
    """Send no mail in this block."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def mail_after_commit(write: Callable[[], Iterable[EmailMessage]], *, about: str) -> None:
    """Send what `write` returns. It is called once the transaction is committed."""
    transaction.on_commit(partial(_send_all, write, about), robust=True)


def write_mails(
    subject: str, text: str, *, to: Iterable[str] = (), bcc: Iterable[str] = ()
) -> Iterator[EmailMessage]:
    """Yield the mail, in several where more people get it than a mail server takes.

    Those of `to` see each other's addresses. Empty ones count for nobody.
    """
    for portion in _portion(to):
        yield EmailMessage(make_subject(subject), text, to=portion)
    for portion in _portion(bcc):
        yield EmailMessage(make_subject(subject), text, bcc=portion)


def _portion(addresses: Iterable[str]) -> Iterator[list[str]]:
    return map(list, batched(sorted({*addresses} - {""}), ADDRESSES_AT_A_TIME))


def send_mail(message: EmailMessage, *, about: str) -> None:
    """Send the mail, or log the error and the topic of the mail without a name or a title."""
    if _is_quiet.get():
        return
    try:
        message.send()
    except Exception:
        logger.exception("The mail about %s could not be sent.", about)


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


def _send_all(write: Callable[[], Iterable[EmailMessage]], about: str) -> None:
    for message in write():
        send_mail(message, about=about)
