"""Accounts whose person was taken out of them, for good: the database refuses to change them."""

from django.contrib.auth.models import User

from backoffice.accounts.models import SecurityEvent


def was_anonymised(user: User | None) -> bool:
    if user is None:
        return False
    return _find_events().filter(about=user).exists()


def find_pseudonyms() -> set[int]:
    """Return the ids of all such accounts."""
    return set(_find_events().values_list("about", flat=True))


def _find_events():
    return SecurityEvent.objects.filter(kind=SecurityEvent.Kind.ANONYMISED)
