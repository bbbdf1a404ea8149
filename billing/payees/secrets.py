"""The encrypted parts of a version of details: written, opened, and encrypted anew."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import transaction

from billing.errors import DetailsUnreadable, KeysMissing
from billing.models import PayeeDetails, PayeeSecret
from billing.payees.accounts import identify
from billing.payees.encryption import (
    decrypt,
    encrypt,
    encrypt_anew,
    find_key_id,
    has_fingerprint,
)
from billing.payees.entry import Entered
from billing.payees.keys import load_keys

TABLE = "billing_payeesecret"
FIELDS = ("address", "tax_id", "account")
NAMES = {"address": "address", "tax_id": "tax number", "account": "account"}
ROWS_AT_A_TIME = 500


class Opened(NamedTuple):
    """The encrypted parts in clear. Never to be logged, mailed or kept."""

    address: dict[str, str]
    tax_id: str
    account: dict[str, str]


def keep_secret(details: PayeeDetails, entered: Entered) -> PayeeSecret:
    return PayeeSecret.objects.create(
        details=details,
        key_id=load_keys().id,
        **{
            field: encrypt(getattr(entered, field), table=TABLE, row=_row(details), field=field)
            for field in FIELDS
        },
    )


def open_secret(details: PayeeDetails) -> Opened:
    """Return everything in clear. Raises DetailsUnreadable or KeysMissing, in words."""
    return Opened(*(read_field(details, field) for field in FIELDS))


def read_field(details: PayeeDetails, field: str) -> Any:
    encrypted = getattr(details.secret, field)
    value = decrypt(encrypted, table=TABLE, row=_row(details), field=field)
    expected = getattr(details, f"{field}_digest")
    is_from_before = field != "account" and not expected
    facts = identify(value) if field == "account" else value
    if not is_from_before and not has_fingerprint(facts, expected, what=field):
        raise DetailsUnreadable(f"cannot be used: it is not the {NAMES[field]} that was entered")
    return value


def _row(details: PayeeDetails) -> str:
    """Return what a value is bound to: its version, and whose that is."""
    return f"{details.payee_id}/{details.pk}"


def encrypt_secrets_anew() -> int:
    """Encrypt with the newest key all that an older one did, and return the number of versions.

    A portion at a time, each in a transaction of its own: an interrupted run goes on where it
    stopped, and payments go on meanwhile.
    """
    count = 0
    newest = load_keys().id
    while True:
        with transaction.atomic():
            portion = list(
                PayeeSecret.objects.select_for_update()
                .exclude(key_id=newest)
                .order_by("pk")[:ROWS_AT_A_TIME]
            )
            for secret in portion:
                _renew(secret, newest)
        count += len(portion)
        if not portion:
            return count


def _renew(secret: PayeeSecret, newest: int) -> None:
    row = _row(secret.details)
    for field in FIELDS:
        renewed = encrypt_anew(getattr(secret, field), table=TABLE, row=row, field=field)
        setattr(secret, field, renewed)
    secret.key_id = newest
    secret.save(update_fields=[*FIELDS, "key_id"])


def find_keys_in_use() -> dict[int, int]:
    """Return {id of a key: number of versions that need it}. One query."""
    ids = PayeeSecret.objects.order_by().values_list("key_id", flat=True)
    found: dict[int, int] = {}
    for key in ids.iterator(ROWS_AT_A_TIME):
        found[key] = found.get(key, 0) + 1
    return found


def find_unreadable() -> Iterator[tuple[PayeeDetails, str]]:
    """Yield each version that can't be read, and why."""
    versions = PayeeDetails.objects.select_related("secret", "payee").order_by("payee", "number")
    for details in versions.iterator(ROWS_AT_A_TIME):
        try:
            open_secret(details)
        except (DetailsUnreadable, KeysMissing) as error:
            yield details, str(error)
        else:
            if find_key_id(details.secret.account) != details.secret.key_id:
                yield details, "names another key than the one that encrypted it"
