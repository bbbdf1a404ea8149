"""Encryption of second factors' secrets, so that a copy of the database lets nobody sign in."""

import base64
from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

SECRETS = {"secret", "seed"}  # of TOTP, of recovery codes; a passkey's key is public


def _list_keys() -> Iterator[Fernet]:
    """Return the keys. The first one encrypts: FACTOR_KEY, or else SECRET_KEY. All decrypt."""
    secret_keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for secret in [*settings.FACTOR_KEYS, *secret_keys]:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"backoffice.accounts.factors")
        yield Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))


def encrypt(text: str) -> str:
    return MultiFernet(_list_keys()).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the secret. Raises InvalidToken if no known key encrypted it."""
    return MultiFernet(_list_keys()).decrypt(encrypted.encode()).decode()


@transaction.atomic
def encrypt_anew() -> int:
    """Encrypt all secrets with the newest key, and return their number. Then drop older keys.

    Recovery codes of before, whose seed was kept, are hashed.
    """
    count = 0
    keys = MultiFernet(_list_keys())
    for factor in Authenticator.objects.select_for_update().order_by("pk"):
        if factor.type == Authenticator.Type.RECOVERY_CODES and factor.data.get("viewed_at"):
            factor.wrap().forget_codes()
            factor.refresh_from_db()
        for name in SECRETS & factor.data.keys():
            factor.data[name] = keys.rotate(factor.data[name].encode()).decode()
            count += 1
        factor.save(update_fields=["data"])
    return count


def find_unreadable() -> list[int]:
    """Return the ids of factors that no key opens: their owners would be locked out."""
    unreadable = []
    for factor in Authenticator.objects.order_by("pk"):
        try:
            for name in SECRETS & factor.data.keys():
                decrypt(factor.data[name])
        except InvalidToken:
            unreadable.append(factor.pk)
    return unreadable
