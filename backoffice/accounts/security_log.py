"""The only way into the security log: a row, a line in the machine's log, and a mail.

The row is written in the transaction of the change. Line and mail go out after the commit.
"""

import datetime as dt
import hashlib
import ipaddress
import logging
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backoffice.accounts.actors import current_request
from backoffice.accounts.devices import describe_device
from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.notices import mail_event, mail_outside

logger = logging.getLogger("imprint.security")

Kind = SecurityEvent.Kind

# After such an act by somebody else, the person signs nothing for SIGNING_PAUSE_HOURS, because that
# somebody may control the account.
PAUSING = {
    Kind.ACTIVATED,
    Kind.USERNAME_CHANGED,
    Kind.EMAIL_CHANGED,
    Kind.PASSWORD_CHANGED,
    Kind.FACTOR_ADDED,
    Kind.FACTOR_REMOVED,
    Kind.STAFF_GIVEN,
    Kind.SUPERUSER_GIVEN,
    Kind.SUPERUSER_TAKEN,
    Kind.GROUP_GIVEN,
    Kind.GROUP_TAKEN,
    Kind.PERMISSION_GIVEN,
    Kind.PERMISSION_TAKEN,
}

_moment: ContextVar[dt.datetime | None] = ContextVar("moment", default=None)


@contextmanager
def events_of(moment: dt.datetime):
    """Date the events of the block to `moment`, for demo data in the past."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def record_event(
    kind: SecurityEvent.Kind,
    *,
    about: User | None,
    by: User | None,
    detail: str = "",
    old_address: str = "",
    is_outside: bool = False,
    hands_over: bool = False,
) -> SecurityEvent:
    """Add an event, and mail the person.

    `old_address` also gets the mail. `is_outside` marks a right for two people that fewer gave;
    every administrator gets a mail. What `hands_over` the account pauses it, whatever its kind.
    """
    request = current_request()
    at = _moment.get() or timezone.now()
    event = SecurityEvent.objects.create(
        at=at,
        kind=kind,
        about=about,
        by=by,
        detail=detail,
        address=_read_address(request),
        device=describe_device(request.META.get("HTTP_USER_AGENT", "")) if request else "",
        pauses_until=_pause_until(hands_over or kind in PAUSING, about=about, by=by, at=at),
        is_outside=is_outside,
    )
    transaction.on_commit(partial(_announce, event, old_address), robust=True)
    return event


def _pause_until(hands_over, *, about, by, at) -> dt.datetime | None:
    hours = settings.SIGNING_PAUSE_HOURS
    if not hands_over or about is None or about == by or not hours:
        return None
    return at + dt.timedelta(hours=hours)


def _read_address(request) -> str | None:
    try:
        return str(ipaddress.ip_address(request.META["REMOTE_ADDR"]))
    except (AttributeError, KeyError, ValueError):  # no request, a socket, or a proxy's text
        return None


def _announce(event: SecurityEvent, old_address: str) -> None:
    facts = {
        "kind": event.kind,
        "event_id": event.pk,
        "about": event.about_id,
        "by": event.by_id,
        "detail": event.detail,
        "address": event.address,
    }
    level = logging.WARNING if event.is_warning or event.is_outside else logging.INFO
    logger.log(level, event.get_kind_display(), extra=facts)
    mail_event(event, old_address)
    if event.is_outside:
        mail_outside(event)


def was_locked(about: User | None, *, at: dt.datetime) -> bool:
    """Return whether the log has an unreleased lock of the account at this address."""
    since = at - dt.timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)
    locks = SecurityEvent.objects.filter(
        about=about, kind__in=[Kind.LOCKED, Kind.LOCK_RELEASED, Kind.SIGNED_IN], at__gt=since
    ).filter(Q(address=_read_address(current_request())) | ~Q(kind=Kind.LOCKED))
    last = locks.order_by("-pk").first()
    return last is not None and last.kind == Kind.LOCKED


def forget_addresses(*, at: dt.datetime) -> int:
    """Erase the network addresses of events older than SECURITY_ADDRESS_DAYS."""
    kept_from = at - dt.timedelta(days=settings.SECURITY_ADDRESS_DAYS)
    old = SecurityEvent.objects.filter(at__lt=kept_from, address__isnull=False)
    return old.update(address=None)


def record_download(
    *,
    name: str,
    by: User,
    content: bytes | None = None,
    sha256: str = "",
    count: int | None = None,
    units: tuple[str, str] = ("row", "rows"),
) -> SecurityEvent:
    """Note that somebody took a file away: what it was, and the SHA-256 if it is at hand."""
    if content is not None:
        sha256 = hashlib.sha256(content).hexdigest()
    counted = "" if count is None else f"{count:,} {units[count != 1]}"
    parts = [name, counted, f"SHA-256 {sha256}" if sha256 else ""]
    kind = Kind.FILE_TAKEN if count is None else Kind.LIST_EXPORTED
    with transaction.atomic():
        return record_event(kind, about=None, by=by, detail=", ".join(filter(None, parts)))
