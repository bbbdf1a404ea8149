"""What stands encrypted in the database, and fingerprints of accounts.

Each value is bound to its table, its row and its field: moved elsewhere, it can't be read. What
can't be read is told in words, and stops nothing else.
"""

import base64
import hashlib
import json
from typing import Any

import tink

from billing.errors import DetailsUnreadable, KeyGone
from billing.payees.keys import load_keys

PREFIX_SIZE = 5  # of tink: a version, and the key's id in four bytes


def encrypt(value: Any, *, table: str, row: object, field: str) -> str:
    """Return the value, anything that JSON holds, encrypted with the newest key."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    encrypted = load_keys().aead.encrypt(text.encode(), _bind(table, row, field))
    return base64.b64encode(encrypted).decode()


def decrypt(encrypted: str, *, table: str, row: object, field: str) -> Any:
    """Return the value. Raises DetailsUnreadable, which says why, or KeysMissing."""
    return json.loads(_decrypt(encrypted, table, row, field))


def encrypt_anew(encrypted: str, *, table: str, row: object, field: str) -> str:
    """Return the same value encrypted with the newest key."""
    return encrypt(
        decrypt(encrypted, table=table, row=row, field=field), table=table, row=row, field=field
    )


def find_key_id(encrypted: str) -> int:
    """Return the id of the key that encrypted the value; 0 if the value is damaged."""
    try:
        return int.from_bytes(_decode(encrypted)[1:PREFIX_SIZE])
    except ValueError:
        return 0


def _decrypt(encrypted: str, table: str, row: object, field: str) -> str:
    keys, key = load_keys(), find_key_id(encrypted)
    if key and key not in keys.ids:
        raise KeyGone(f"cannot be read: key {key} is missing")
    try:
        return keys.aead.decrypt(_decode(encrypted), _bind(table, row, field)).decode()
    except (tink.TinkError, ValueError):
        raise DetailsUnreadable(
            "cannot be read: it was changed outside the application, or belongs to another row"
        ) from None


def _decode(encrypted: str) -> bytes:
    return base64.b64decode(encrypted, validate=True)


def _bind(table: str, row: object, field: str) -> bytes:
    return f"{table}\n{row}\n{field}".encode()


def fingerprint(value: Any, *, what: str) -> str:
    """Return a digest of the value that only the key can make, after the key's id.

    Equal accounts have equal ones, so that it is known without reading them. `what` keeps those of
    accounts and of addresses apart.
    """
    keys = load_keys()
    return f"{keys.digest_id}:{_compute(keys.digests[keys.digest_id], value, what)}"


def has_fingerprint(value: Any, expected: str, *, what: str) -> bool:
    """Whether the fingerprint is that of the value. Raises DetailsUnreadable without its key."""
    key, _, digest = expected.partition(":")
    digests = load_keys().digests
    if not key.isdecimal() or int(key) not in digests:
        raise KeyGone(f"cannot be compared: key {key} is missing")
    return _compute(digests[int(key)], value, what) == digest


def _compute(prf: Any, value: Any, what: str) -> str:
    text = json.dumps([what, value], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    output: bytes = prf.compute(hashlib.sha256(text.encode()).digest(), 32)
    return output.hex()
