"""A new key in front of the others, and all rows encrypted with it.

Every older key goes on to decrypt until no row needs it, so nothing has to stop meanwhile.
"""

from collections import Counter

from billing.errors import BillingError, KeysMissing
from billing.models import PaidPayee
from billing.payees.copies import encrypt_copies_anew, read_copy
from billing.payees.kept_settings import encrypt_kept_anew, list_kept, read_settings
from billing.payees.keys import add_key, drop_keys, find_file, load_keys, read_text, write_file
from billing.payees.secrets import encrypt_secrets_anew, find_keys_in_use, find_unreadable

COPIES_AT_A_TIME = 500


def start_new_key() -> str:
    """Write a new key into the file; where the keys are a setting, return them for it."""
    load_keys()  # or raise KeysMissing before anything is written
    keys, path = add_key(read_text()), find_file()
    if path is None:
        return keys
    write_file(path, keys)
    return ""


def encrypt_all_anew() -> int:
    """Encrypt all rows with the newest key, and return the number of those that were renewed."""
    return encrypt_secrets_anew() + encrypt_copies_anew() + encrypt_kept_anew()


def check_all() -> list[str]:
    """Return a sentence for each row that can't be read."""
    unreadable = [f"{details}: {why}" for details, why in find_unreadable()]
    copies = PaidPayee.objects.select_related("payment").order_by("pk")
    for copy in copies.iterator(COPIES_AT_A_TIME):
        try:
            read_copy(copy, "address"), read_copy(copy, "account")
        except BillingError as error:
            unreadable.append(f"{copy}: {error}")
    for export in list_kept():
        try:
            read_settings(export)
        except BillingError as error:
            unreadable.append(f"The account that paid {export}: {error}")
    return unreadable


def drop_unused() -> str:
    """Take the keys that no row needs out of the file, and say so."""
    path = find_file()
    if path is None:
        raise KeysMissing(
            "The keys are in PAYEE_KEYS: take the old ones out there. In use: "
            f"{', '.join(map(str, sorted(list_needed_keys()))) or 'none'}."
        )
    before = load_keys().ids
    write_file(path, drop_keys(read_text(), but=frozenset(list_needed_keys())))
    dropped = before - load_keys().ids
    return f"Dropped {len(dropped)} key(s). A backup from before needs them: keep your copy."


def list_needed_keys() -> dict[int, int]:
    """Return {id of a key: number of rows that need it}."""
    needed = Counter(find_keys_in_use())
    for key in PaidPayee.objects.order_by().values_list("key_id", flat=True).iterator():
        needed[key] += 1
    for kept in list_kept().values_list("key_id", flat=True):
        needed[kept or 0] += 1
    return needed
