"""System checks of the keys that payees' details are encrypted with."""

import stat

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import DatabaseError

from billing.errors import KeysMissing
from billing.payees.keys import find_file, load_keys
from billing.payees.rotation import list_needed_keys

OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@register("security")
def check_key_file(app_configs, **kwargs):
    """Refuse a file that others of this machine can read: it opens every account."""
    path = find_file()
    try:
        mode = path.stat().st_mode if path else 0
    except OSError:
        return []  # that it is missing tells the check below, once a row needs it
    if not mode & OF_OTHERS:
        return []
    return [
        Error(
            f"{path} can be read or written by other users of this machine.",
            hint=f"chmod 600 {path}, and run `manage.py rotate_payee_keys`.",
            id="billing.E020",
        )
    ]


@register(Tags.database)
def check_keys(app_configs, databases=None, **kwargs):
    """Name the keys that some row needs and that are not there."""
    if not databases:
        return []
    try:
        needed = list_needed_keys()
    except DatabaseError:
        return []  # before the first `migrate` there is no table
    try:
        ids = load_keys().ids
    except KeysMissing as error:
        if needed:
            return [Error(str(error), id="billing.E021")]
        return [Warning(str(error), id="billing.W024")] if settings.PAYEES_REQUIRED else []
    return [
        Error(
            f"Key {key} is missing, and {number:,} row(s) of payees' details need it.",
            hint="Bring it back, behind the newest. Payments go on; who has no copy of the key has "
            "these details entered again.",
            id="billing.E022",
        )
        for key, number in sorted(needed.items())
        if key not in ids
    ]


@register("security", deploy=True)
def check_required(app_configs, **kwargs):
    """Remind a house that has keys of what the upgrade left off."""
    if settings.PAYEES_REQUIRED or not (settings.PAYEE_KEYS or settings.PAYEE_KEYS_FILE):
        return []
    return [
        Warning(
            "PAYEES_REQUIRED is off: a payment without details of its payee goes through.",
            hint="Set it to 1 once all authors have entered their details.",
            id="billing.W023",
        )
    ]
