"""Second factors: who has one, who needs one, and the check of a code."""

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import localtime

from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.rights import find_guarded_people

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes are no factor
LAST_COUNTER = "last_counter"
ALL_REMOVED = "All of them, so that they can be made anew"


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def list_factors(user: User) -> set[str]:
    """Return the types of the user's factors, including recovery codes."""
    return set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))


def list_enrolments(user: User) -> list[str]:
    """Return how each second factor that `user` has was added, the first one first: by the
    security log."""
    if not has_factor(user):
        return []
    last_none = SecurityEvent.objects.filter(
        about=user, kind=SecurityEvent.Kind.FACTOR_REMOVED, detail__startswith=ALL_REMOVED
    ).aggregate(last=Max("pk", default=0))["last"]
    added = SecurityEvent.objects.filter(
        about=user, kind=SecurityEvent.Kind.FACTOR_ADDED, pk__gt=last_none
    ).order_by("pk")
    return [_describe_enrolment(event) for event in added]


def _describe_enrolment(event):
    parts = [f"{event.detail}, added on {localtime(event.at):%-d %b %Y, %H:%M}"]
    if event.device:
        parts.append(f"with {event.device}")
    if event.address:
        parts.append(f"from {event.address}")
    return " ".join(parts)


def needs_factor(user: User) -> bool:
    """Return whether `user` needs a second factor. One query at most.

    Superusers need one, and so do members of SECOND_FACTOR_GROUPS, people with a right outside
    groups, and people with a right that two people give, whatever the name of its group.
    """
    if not (settings.REQUIRE_SECOND_FACTOR and user.is_authenticated and user.is_staff):
        return False
    if user.is_superuser:
        return True
    asked_of = (
        Q(groups__name__in=settings.SECOND_FACTOR_GROUPS)
        | Q(user_permissions__isnull=False)
        | Q(pk__in=find_guarded_people().values("pk"))
    )
    return User.objects.filter(asked_of, pk=user.pk).exists()


def must_enrol(user: User) -> bool:
    return needs_factor(user) and not has_factor(user)


@transaction.atomic
def use_code(factor: Authenticator, code: str) -> bool:
    """Return whether `code` is right and unused, and mark it as used.

    allauth (65.22) remembers used codes of an app in the cache, which workers do not share.
    """
    locked = Authenticator.objects.select_for_update().get(pk=factor.pk)
    wrapped = locked.wrap()
    if not wrapped.validate_code(code):
        return False
    if locked.type != Authenticator.Type.TOTP:
        return True  # validate_code has crossed the recovery code out
    counter = _find_counter(wrapped, code)
    if counter is None or counter <= (locked.data.get(LAST_COUNTER) or -1):
        return False
    locked.data[LAST_COUNTER] = counter
    locked.save(update_fields=["data"])
    factor.data = locked.data
    return True


def cross_out(factor: Authenticator, code: str) -> None:
    """Mark the code that added an app as used."""
    if factor.type == Authenticator.Type.TOTP:
        factor.data[LAST_COUNTER] = _find_counter(factor.wrap(), code)
        factor.save(update_fields=["data"])


def _find_counter(totp, code):
    """Return the half minute of the code; the newest one if two have the same code."""
    secret = decrypt(totp.instance.data["secret"])
    found = [
        counter
        for counter in yield_hotp_counters_from_time()
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter)))
    ]
    return max(found, default=None)
