"""Marks that the application alone makes: HMACs by its secret key, which no database holds."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from billing.proof.digests import encode_canonical

SALT = "billing.traces"
OF_SEALS = "billing.traces.seals"
OF_KEYS = "billing.traces.keys"


def list_secrets() -> list[str]:
    """Return today's secret key, then earlier ones that still stand in the settings."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def make_mark(kind: str, row: int, digest: str, *, secret: str | None = None) -> str:
    return _sign(SALT, f"{kind} {row} {digest}", secret)


def is_marked(
    mark: str, kind: str, row: int, digest: str, *, secrets: Iterable[str] | None = None
) -> bool:
    """Whether the mark was made with one of these secrets, or of all in use."""
    known = list_secrets() if secrets is None else secrets
    marks = (make_mark(kind, row, digest, secret=secret) for secret in known)
    return any(constant_time_compare(mark, should) for should in marks)


def mark_content(content: dict, *, previous_hash: str) -> dict:
    """Return the content of a seal of traces with its mark, and a name of the key that made it.

    The key's name tells nothing about the key. By it, a seal of a key that is gone is known.
    """
    key = name_key(settings.SECRET_KEY)
    return content | {"key": key, "mark": _mark(content | {"key": key}, previous_hash, None)}


def find_key(content: dict) -> str | None:
    """Return the secret that is named by a seal of traces, or None if it is gone."""
    named = (secret for secret in list_secrets() if name_key(secret) == content.get("key"))
    return next(named, None)


def is_content_marked(content: dict, *, previous_hash: str, secret: str) -> bool:
    facts = {name: fact for name, fact in content.items() if name not in ("number", "at", "mark")}
    return constant_time_compare(content.get("mark", ""), _mark(facts, previous_hash, secret))


def name_key(secret: str) -> str:
    return _sign(OF_KEYS, "", secret)[:16]


def _mark(facts: dict, previous_hash: str, secret: str | None) -> str:
    return _sign(OF_SEALS, f"{previous_hash}\n{encode_canonical(facts)}", secret)


def _sign(salt: str, text: str, secret: str | None) -> str:
    return salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest()
