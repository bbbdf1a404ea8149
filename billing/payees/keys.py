"""The keys of payees' details: made, read and rotated. Nothing here is derived from SECRET_KEY.

They are one JSON text with two keysets of tink: "encryption" for what is stored, of which the
primary key encrypts and all decrypt; and "digest" for the fingerprints of accounts, which stand
under seals and so keep their key. The text is in PAYEE_KEYS, or in the file PAYEE_KEYS_FILE.
"""

import functools
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tink
from django.conf import settings
from tink import aead, json_proto_keyset_format, prf, secret_key_access

from billing.errors import KeysMissing

ENCRYPTION, DIGEST = "encryption", "digest"
HOW = "An administrator makes one with `manage.py make_payee_key`, or brings the old one back."

aead.register()
prf.register()


class Keys(NamedTuple):
    """The keys, ready for use. `ids` are those that decrypt; new rows are encrypted with `id`."""

    id: int
    ids: frozenset[int]
    aead: aead.Aead
    digest_id: int
    digests: Mapping[int, prf.Prf]


def load_keys() -> Keys:
    """Return the keys of this installation. Raises KeysMissing."""
    text = read_text()
    if not text.strip():
        raise KeysMissing(f"There is no key for payees’ details. {HOW}")
    return _parse(text)


def have_keys() -> bool:
    try:
        load_keys()
    except KeysMissing:
        return False
    return True


def read_text() -> str:
    """Return the keys as they are written, or an empty text. Raises KeysMissing."""
    path = find_file()
    if path is None:
        return settings.PAYEE_KEYS
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise KeysMissing(f"The key file {path} can’t be read: {type(error).__name__}.") from None


def find_file() -> Path | None:
    return Path(settings.PAYEE_KEYS_FILE) if settings.PAYEE_KEYS_FILE else None


@functools.lru_cache(maxsize=4)
def _parse(text: str) -> Keys:
    try:
        keysets = json.loads(text)
        encryption, digest = (_read_keyset(keysets[name]) for name in (ENCRYPTION, DIGEST))
        digests = digest.primitive(prf.PrfSet)
    except (ValueError, KeyError, TypeError, tink.TinkError):
        # Without the cause: its message may hold a part of the key.
        raise KeysMissing(f"The keys for payees’ details are not whole. {HOW}") from None
    info = encryption.keyset_info()
    return Keys(
        info.primary_key_id,
        frozenset(key.key_id for key in info.key_info),
        encryption.primitive(aead.Aead),
        digests.primary_id(),
        digests.all(),
    )


def _read_keyset(keyset: Any) -> tink.KeysetHandle:
    return json_proto_keyset_format.parse(json.dumps(keyset), secret_key_access.TOKEN)


def make_keys() -> str:
    """Return the text of new keys."""
    return json.dumps({ENCRYPTION: _make_encryption(), DIGEST: _make_digest()})


def add_key(text: str) -> str:
    """Return the keys with a new one in front, which encrypts from now on. The others decrypt."""
    keysets = json.loads(text)
    new, old = _make_encryption(), keysets[ENCRYPTION]
    taken = {key["keyId"] for key in old["key"]}
    while new["primaryKeyId"] in taken:
        new = _make_encryption()
    keysets[ENCRYPTION] = new | {"key": [*new["key"], *old["key"]]}
    return json.dumps(keysets)


def drop_keys(text: str, *, but: frozenset[int]) -> str:
    """Return the keys without those that decrypt nothing: all but the primary and those in use."""
    keysets = json.loads(text)
    keyset = keysets[ENCRYPTION]
    kept = but | {keyset["primaryKeyId"]}
    keyset["key"] = [key for key in keyset["key"] if key["keyId"] in kept]
    return json.dumps(keysets)


def _make_encryption() -> dict[str, Any]:
    return _write_keyset(aead.aead_key_templates.AES256_GCM)


def _make_digest() -> dict[str, Any]:
    return _write_keyset(prf.prf_key_templates.HMAC_SHA256)


def _write_keyset(template: Any) -> dict[str, Any]:
    handle = tink.new_keyset_handle(template)
    keyset: dict[str, Any] = json.loads(
        json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    )
    return keyset


def ensure_file() -> None:
    """Make the keys of a demo, if a file is set and holds none yet."""
    if (path := find_file()) and not read_text().strip():
        write_file(path, make_keys())


def write_file(path: Path, text: str) -> None:
    """Replace the file atomically, for this user alone. A kill leaves the old or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".payee-keys-")  # 0600
    try:
        with os.fdopen(descriptor, "w") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
