"""What a file to the bank keeps of the settings, encrypted: the account that pays, above all."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from billing.models import PaymentExport
from billing.payees.encryption import decrypt, encrypt, encrypt_anew
from billing.payees.keys import load_keys

TABLE, FIELD = "billing_paymentexport", "paid_from"


def keep_settings(export: PaymentExport, stated: dict[str, Any]) -> None:
    """Put the settings on a file that is not saved yet. Raises KeysMissing."""
    export.paid_from = encrypt(stated, table=TABLE, row=export.message_id, field=FIELD)
    export.key_id = load_keys().id


def read_settings(export: PaymentExport) -> dict[str, Any]:
    """Return the settings of a file in clear. Raises DetailsUnreadable and KeysMissing."""
    if not export.paid_from:
        return {}
    stated: dict[str, Any] = decrypt(
        export.paid_from, table=TABLE, row=export.message_id, field=FIELD
    )
    return stated


def list_kept() -> QuerySet[PaymentExport]:
    return PaymentExport.objects.exclude(paid_from="").defer("content").order_by("pk")


def encrypt_kept_anew() -> int:
    """Encrypt with the newest key what an older one did, and return the number of files."""
    count, newest = 0, load_keys().id
    for export in list_kept().exclude(key_id=newest):
        row = export.message_id
        export.paid_from = encrypt_anew(export.paid_from, table=TABLE, row=row, field=FIELD)
        export.key_id = newest
        with transaction.atomic():
            export.save(update_fields=["paid_from", "key_id"])
        count += 1
    return count
