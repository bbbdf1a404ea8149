"""Recovery codes that are kept as salted hashes from the moment they are shown.

allauth (65.22) keeps the seed that all codes follow from, encrypted: whoever has the database and
the key can work the codes out. What we keep tells nothing but whether a code is one of them.
"""

import hashlib
import secrets

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

HASHES, SALT, ROUNDS = "hashes", "salt", "rounds"


class HashedRecoveryCodes(auth.RecoveryCodes):
    """A set of codes. Until it is shown it lets nobody in; after that it has no seed any more."""

    _shown: list[str] | None = None

    def mark_as_viewed(self):
        self._shown = super().get_unused_codes()
        super().mark_as_viewed()
        self.forget_codes()

    def forget_codes(self):
        """Keep hashes in the place of the seed, or of the codes of another application."""
        if HASHES in self.instance.data:
            return
        codes = super().get_unused_codes()
        salt, rounds = secrets.token_hex(16), settings.RECOVERY_CODE_ROUNDS
        self.instance.data = {
            "viewed_at": self.instance.data.get("viewed_at"),
            SALT: salt,
            ROUNDS: rounds,
            HASHES: [_hash(code, salt, rounds) for code in codes],
        }
        self.instance.save(update_fields=["data"])

    def get_unused_codes(self):
        """Return the codes while they are shown, else a blank for each: nobody knows them."""
        if self._shown is None and HASHES in self.instance.data:
            return [""] * len(self.instance.data[HASHES])
        return self._shown if self._shown is not None else super().get_unused_codes()

    @transaction.atomic
    def validate_code(self, code):
        """Return whether the code is one of those that are left, and cross it out."""
        self.instance = Authenticator.objects.select_for_update().get(pk=self.instance.pk)
        if not self.did_view:
            return False
        self.forget_codes()  # of a set that was made before codes were hashed
        data = self.instance.data
        given = _hash(code, data[SALT], data[ROUNDS])
        left = [kept for kept in data[HASHES] if not constant_time_compare(kept, given)]
        if len(left) == len(data[HASHES]):
            return False
        data[HASHES] = left
        self.instance.save(update_fields=["data"])
        return True


def _hash(code: str, salt: str, rounds: int) -> str:
    """Return PBKDF2 of a code. All codes of a set share its salt: one hash tells which it is."""
    text = normalize_user_code(code).encode()
    return hashlib.pbkdf2_hmac("sha256", text, bytes.fromhex(salt), rounds).hex()


def use_hashed_codes() -> None:
    """Let allauth wrap sets of codes as above; it has no setting for that."""
    auth.RecoveryCodes = HashedRecoveryCodes
