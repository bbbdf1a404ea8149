"""Encryption of second factors' secrets, so that a copy of the database lets nobody sign in."""

import base64
from collections.abc import Iterable, Iterator

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

SECRETS = {"secret", "seed"}  # of TOTP, of recovery codes; a passkey's key is public


def _list_secrets() -> list[str]:
    """Return the secrets. The first one encrypts: FACTOR_KEY, or else SECRET_KEY. All decrypt."""
    return [*settings.FACTOR_KEYS, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _list_keys(secrets: Iterable[str]) -> Iterator[Fernet]:
    for secret in secrets:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"backoffice.accounts.factors")
        yield Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))


def encrypt(text: str) -> str:
    return MultiFernet(_list_keys(_list_secrets())).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the secret. Raises InvalidToken if no known key encrypted it."""
    return MultiFernet(_list_keys(_list_secrets())).decrypt(encrypted.encode()).decode()


@transaction.atomic
def encrypt_anew() -> int:
    """Encrypt all secrets with the newest key, and return their number. Then drop older keys.

    Recovery codes of before, whose seed was kept, are hashed.
    """
    count = 0
    keys = MultiFernet(_list_keys(_list_secrets()))
    for factor in Authenticator.objects.select_for_update().order_by("pk"):
        if factor.type == Authenticator.Type.RECOVERY_CODES and factor.data.get("viewed_at"):
            factor.wrap().forget_codes()
            factor.refresh_from_db()
        for name in SECRETS & factor.data.keys():
            factor.data[name] = keys.rotate(factor.data[name].encode()).decode()
            count += 1
        factor.save(update_fields=["data"])
    return count


def find_unreadable(secrets: Iterable[str] | None = None) -> list[int]:
    """Return the ids of factors that no key opens: their owners would be locked out.

    Of those keys, or of all in use.
    """
    unreadable = []
    keys = MultiFernet(_list_keys(_list_secrets() if secrets is None else secrets))
    for factor in Authenticator.objects.order_by("pk"):
        try:
            for name in SECRETS & factor.data.keys():
                keys.decrypt(factor.data[name].encode())
        except InvalidToken:
            unreadable.append(factor.pk)
    return unreadable
