"""Sessions that expire, can be listed by person, and open only with their cookie.

The table holds no session keys, and each key encrypts its session's data. During a confirmation the
data holds the interrupted POST, with passwords and cookies; during an enrolment, the secret.

The libraries of 2026-11 leave three gaps: django-user-sessions and allauth.usersessions can
list sessions, but store their keys, addresses and browsers as they came; neither limits idle time.
"""

import base64
import datetime as dt
import hashlib
import hmac
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from backoffice.accounts.models import AccountSession

SIGNED_IN_AT = "signed_in_at"  # a Unix time
DEVICE = "device"
SEEN_EVERY = dt.timedelta(minutes=1)


def digest_key(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


def _make_cipher(session_key: str | None) -> Fernet:
    key = hmac.digest((session_key or "").encode(), b"session data", hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))


def idle_limit() -> dt.timedelta:
    return dt.timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def absolute_limit() -> dt.timedelta:
    return dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)


class SessionStore(db.SessionStore):
    """Django's store in the database, under the digest of each key, with an idle limit.

    The absolute limit counts from the sign-in; neither use nor a new key moves it.
    """

    @classmethod
    def get_model_class(cls) -> type["AccountSession"]:
        from backoffice.accounts.models import AccountSession

        return AccountSession

    def _get_session_from_db(self):
        now = timezone.now()
        session = self.model.objects.filter(
            session_key=digest_key(self.session_key),
            expire_date__gt=now,
            seen_at__gt=now - idle_limit(),
        ).first()
        if session is None:
            self._session_key = None
        else:
            self.seen_at = session.seen_at
        return session

    async def _aget_session_from_db(self):
        return await sync_to_async(self._get_session_from_db)()

    def exists(self, session_key):
        return super().exists(digest_key(session_key))

    async def aexists(self, session_key):
        return await super().aexists(digest_key(session_key))

    def encode(self, session_dict):
        """Return the data, signed as by Django and encrypted with the cookie's key."""
        return (
            _make_cipher(self.session_key or "")
            .encrypt(super().encode(session_dict).encode())
            .decode()
        )

    def decode(self, session_data):
        """Return the encoded data, or {} if it is unreadable: then nobody is signed in."""
        try:
            return super().decode(
                _make_cipher(self.session_key or "").decrypt(session_data).decode()
            )
        except InvalidToken:
            return {}

    def create_model_instance(self, data):
        now = self.seen_at = timezone.now()
        started_at = now
        if SIGNED_IN_AT in data:
            started_at = dt.datetime.fromtimestamp(data[SIGNED_IN_AT], tz=dt.UTC)
        return self.model(
            session_key=digest_key(self._get_or_create_session_key()),
            session_data=self.encode(data),
            expire_date=min(started_at + absolute_limit(), self.get_expiry_date()),
            user_id=data.get(SESSION_KEY),
            device=data.get(DEVICE, ""),
            started_at=started_at,
            seen_at=now,
        )

    async def acreate_model_instance(self, data):
        return await sync_to_async(self.create_model_instance)(data)

    def delete(self, session_key=None):
        if session_key := session_key or self.session_key:
            self.model.objects.filter(session_key=digest_key(session_key)).delete()

    async def adelete(self, session_key=None):
        await sync_to_async(self.delete)(session_key)

    @classmethod
    def clear_expired(cls):
        now = timezone.now()
        over = Q(expire_date__lt=now) | Q(seen_at__lt=now - idle_limit())
        cls.get_model_class().objects.filter(over).delete()

    @classmethod
    async def aclear_expired(cls):
        await sync_to_async(cls.clear_expired)()

    def note_use(self, *, at: dt.datetime) -> None:
        """Extend the idle limit. At most one write a minute; it never restores a deleted row."""
        seen_at = getattr(self, "seen_at", None)
        if seen_at and at - seen_at >= SEEN_EVERY:
            self.seen_at = at
            key = digest_key(self.session_key or "")
            self.get_model_class().objects.filter(session_key=key).update(seen_at=at)


def list_sessions(user: User, *, at: dt.datetime):
    """Return the user's sessions, the last used first."""
    from backoffice.accounts.models import AccountSession

    return AccountSession.objects.filter(
        user=user, expire_date__gt=at, seen_at__gt=at - idle_limit()
    ).order_by("-seen_at")


def end_sessions(user: User, *, only: str | None = None, but: str | None = None) -> int:
    """End sessions of `user` at once, and return how many: all, one, or all but one.

    `only` and `but` are digests of keys.
    """
    from backoffice.accounts.models import AccountSession

    sessions = AccountSession.objects.filter(user=user)
    if only is not None:
        sessions = sessions.filter(session_key=only)
    if but is not None:
        sessions = sessions.exclude(session_key=but)
    return sessions.delete()[0]
