"""The tables of accounts that Django's own do not hold."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class AccountSession(AbstractBaseSession):
    """Where somebody is signed in.

    `session_key` is the SHA-256 of the cookie's key: whoever reads this table, or a backup of it,
    can't take a session over. The row repeats what a list needs; session_data rules.
    """

    session_key = models.CharField("digest of the key", max_length=64, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="account_sessions",
    )
    device = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.device or 'Unknown device'}, since {self.started_at:%-d %B %Y %H:%M}"

    @classmethod
    def get_session_store_class(cls):
        from backoffice.accounts.sessions import SessionStore

        return SessionStore
