"""System checks of second factors."""

from django.conf import settings
from django.core.checks import Error, Info, Tags, Warning, register
from django.db import DatabaseError


@register(Tags.database)
def check_factors(app_configs, databases=None, **kwargs):
    """Warn about unreadable factors before their owners can't sign in any more."""
    if not databases:
        return []
    from backoffice.accounts.factor_keys import find_unreadable

    try:
        unreadable = find_unreadable()
    except DatabaseError:
        return []  # before the first `migrate` there is no table
    if not unreadable:
        return []
    return [
        Error(
            f"No key opens {len(unreadable)} second factor(s): their owners can't sign in.",
            hint="Put the FACTOR_KEY (or SECRET_KEY) they were encrypted with back, behind the "
            "new one, and run `manage.py encrypt_factors`.",
            id="accounts.E001",
        )
    ]


@register("security", deploy=True)
def check_second_factor(app_configs, **kwargs):
    found = []
    if not settings.REQUIRE_SECOND_FACTOR:
        found.append(
            Warning(
                "REQUIRE_SECOND_FACTOR is off: a stolen password is enough to approve payments.",
                id="accounts.W001",
            )
        )
    if not settings.FACTOR_KEYS:
        found.append(
            Info(
                "FACTOR_KEY is not set: SECRET_KEY encrypts the second factors.",
                hint="Set it and run `manage.py encrypt_factors`: SECRET_KEY may change then.",
                id="accounts.I002",
            )
        )
    return found
