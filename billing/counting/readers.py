"""Readers' keys: anonymous, with a new salt for each day.

Once billing.counting.retention has destroyed a day's salt, nobody can trace a key to a reader.
"""

import contextlib
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import cache, partial

from django.db import Error, connection, transaction
from django.utils import timezone

from billing.counting import local_salts
from billing.counting.local_salts import SALT_LIFETIME
from billing.models import ReaderSalt
from billing.periods import day_of

# A salt for tomorrow is made this much early. An earlier start would shorten its 48 hours of use.
LAID_IN_BEFORE = dt.timedelta(minutes=30)

_salts: dict[dt.date, bytes] = {}


def make_key(text: str, day: dt.date, salts: dict[dt.date, bytes]) -> bytes:
    """Return HMAC-SHA256 of `text` under the salt of `day`, cut to 16 bytes.

    The function adds the salts it needed to `salts`. A salt that is not in memory costs a query.
    """
    if day not in salts:
        salts[day] = _salt_of(day)
    return hmac.digest(salts[day], text.encode(errors="surrogateescape"), hashlib.sha256)[:16]


def remember_keys() -> Callable[[str, dt.date], bytes]:
    """Return make_key for one transaction, in which most readers come again and again.

    Drop it with the transaction: what it remembers are readers, in plain text.
    """
    return cache(partial(make_key, salts={}))


def _salt_of(day: dt.date) -> bytes:
    """Return the salt of a day; the first caller makes it. Memory keeps it once committed."""
    if day not in _salts:
        salt = bytes(_row_of(day).salt)
        transaction.on_commit(lambda: _keep_salt(day, salt))
        return salt
    return _salts[day]


def _row_of(day: dt.date) -> ReaderSalt:
    return ReaderSalt.objects.get_or_create(day=day, defaults={"salt": lambda: _new_salt(day)})[0]


def _new_salt(day: dt.date) -> bytes:
    """Return the salt that this machine made while the database was away, or a new one."""
    with contextlib.suppress(OSError):
        if abs(day - day_of(timezone.now())) < SALT_LIFETIME:
            return _salts.get(day) or local_salts.get_salt(day)
    return secrets.token_bytes(32)


def _keep_salt(day: dt.date, salt: bytes) -> None:
    """Keep the salt of a current day in memory, and forget salts that purge_readers destroys."""
    _salts[day] = salt
    today = day_of(timezone.now())
    for each in list(_salts):
        if abs(each - today) >= SALT_LIFETIME:
            del _salts[each]


def recall_salts(days: set[dt.date]) -> dict[dt.date, bytes]:
    """Return the salts of `days` while the database takes no writes.

    They come from the database if it still answers, else from memory, else from this machine.
    Raises OSError.
    """
    return {day: _salts.get(day) or _read_salt(day) or local_salts.get_salt(day) for day in days}


def _read_salt(day: dt.date) -> bytes | None:
    """Return the database's salt if it answers on an open connection."""
    if connection.connection is None:
        return None
    try:
        row = ReaderSalt.objects.filter(day=day).first()
    except Error:
        return None
    return bytes(row.salt) if row else None


def adopt_salts() -> None:
    """Store the salts made here in the database, except for days that have a salt there."""
    salts = local_salts.list_salts()
    known = set(ReaderSalt.objects.filter(day__in=salts).values_list("day", flat=True))
    for day in sorted(salts.keys() - known):
        salt, made_at = salts[day]
        ReaderSalt.objects.get_or_create(day=day, defaults={"salt": salt})
        ReaderSalt.objects.filter(day=day).update(created_at=made_at)


def lay_in_salts(*, at: dt.datetime) -> None:
    """Copy the salts of the coming days to this machine, for when the database is away.

    Raises OSError.
    """
    local_salts.purge_salts()
    for day in sorted({day_of(at), day_of(at + LAID_IN_BEFORE)}):
        row = _row_of(day)
        local_salts.keep_salt(day, bytes(row.salt), made_at=row.created_at)
