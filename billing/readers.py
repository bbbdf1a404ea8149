"""Who a reader is, without knowing who: keys that are salted by the day.

Once the salt of a day is destroyed (billing.retention), nobody can tell whose a key was.
"""

import datetime as dt
import hashlib
import hmac
import secrets

from django.db import transaction
from django.utils import timezone

from billing.models import ReaderSalt
from billing.periods import day_of

SALT_LIFETIME = dt.timedelta(hours=48)  # then purge_readers destroys it

_salts: dict[dt.date, bytes] = {}


def make_key(text: str, day: dt.date, salts: dict[dt.date, bytes]) -> bytes:
    """Return HMAC-SHA256 of `text` under the salt of `day`, cut to 16 bytes.

    `salts` is filled with the salts that were needed. A query where a salt is not in memory.
    """
    if day not in salts:
        salts[day] = _salt_of(day)
    return hmac.digest(salts[day], text.encode(errors="surrogateescape"), hashlib.sha256)[:16]


def _salt_of(day: dt.date) -> bytes:
    """Return the salt of a day, made by whoever comes first. Kept in memory once committed."""
    if day not in _salts:
        row, _ = ReaderSalt.objects.get_or_create(
            day=day, defaults={"salt": secrets.token_bytes(32)}
        )
        salt = bytes(row.salt)
        transaction.on_commit(lambda: _keep_salt(day, salt))
        return salt
    return _salts[day]


def _keep_salt(day: dt.date, salt: bytes) -> None:
    """Keep the salt of a day about now, and forget those that purge_readers destroys."""
    _salts[day] = salt
    today = day_of(timezone.now())
    for each in list(_salts):
        if abs(each - today) >= SALT_LIFETIME:
            del _salts[each]
