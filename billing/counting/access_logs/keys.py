"""The key of imported views' ids. It must never change, so it is stored with the views."""

import hashlib
import secrets

from django.conf import settings

from billing.models import AccessLogImport, LogLineKey


def get_line_key() -> bytes:
    """Return the installation's key, made on first use. At most three queries."""
    row, _ = LogLineKey.objects.get_or_create(pk=1, defaults={"key": _make_key})
    return bytes(row.key)


def _make_key() -> bytes:
    has_imports = AccessLogImport.objects.exists()
    return derive_key(settings.SECRET_KEY) if has_imports else secrets.token_bytes(32)


def derive_key(secret_key: str) -> bytes:
    """Return the key of ids from before the database held a key.

    django.utils.crypto.salted_hmac, which made those ids, derives it in the same way.
    """
    return hashlib.sha256(f"billing.log_lines.view_id{secret_key}".encode()).digest()
