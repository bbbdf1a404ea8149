"""Passwords that attackers try first. Nobody can choose one, and who uses one has to change it.

The list is that of zxcvbn 4.5: its 30,000 most frequent of leaked passwords, and words and names.
Django's own list has 20,000 passwords and no variants ("P@ssw0rd2024!"). Larger lists (Have I Been
Pwned) need the network, or 30 GB of disk.
"""

from functools import cache

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from backoffice.accounts.models import SecurityEvent

Kind = SecurityEvent.Kind

LONGEST_MEASURED = 72  # only this beginning of a longer password has to be strong enough
WEAKEST = 3  # of 0 to 4: "safely unguessable, moderate protection from an offline attack"
HOUSE_WORDS = ["imprint", "backoffice", "publisher"]
KNOWN_PASSWORD = "known_password"  # noqa: S105
ENTERED = "entered_password"


@cache
def _list_known() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


def is_known(password: str) -> bool:
    """Return whether the password is on the list of leaked ones, in upper or lower case."""
    return password.lower() in _list_known()


class GuessableValidator:
    """Refuse passwords that guessing programs try early. No rule requires certain characters."""

    def validate(self, password, user=None):
        if is_known(password):
            raise ValidationError(
                "This password is on lists of leaked ones, which are tried first. Choose another.",
                code="password_known",
            )
        result = zxcvbn(password[:LONGEST_MEASURED], user_inputs=_list_words(user))
        if result["score"] < WEAKEST:
            reason = result["feedback"]["warning"] or "Patterns and common words are guessed early."
            raise ValidationError(
                "This password can be guessed: %(reason)s Four or more unrelated words do well.",
                code="password_guessable",
                params={"reason": f"{reason.rstrip('.')}."},
            )

    def get_help_text(self):
        return (
            "It can’t be on lists of leaked passwords or easy to guess. Four or "
            "more unrelated words do well; paste it from a password manager if you like."
        )


def _list_words(user):
    words = list(HOUSE_WORDS)
    if user is not None:
        words += [user.get_username(), user.first_name, user.last_name, *user.email.split("@")]
    return [word for word in words if word]


def note_known_password(request, user: User, password: str) -> None:
    """Remember that this person signed in with a known password, until they change it.

    A password set by somebody else is known as well.
    """
    if settings.CHANGE_KNOWN_PASSWORDS and (is_known(password) or _was_set_by_another(user)):
        request.session[KNOWN_PASSWORD] = _digest(user)


def has_known_password(request) -> bool:
    """Return whether the user still has the known password of their sign-in. No query."""
    known = request.session.get(KNOWN_PASSWORD)
    return bool(known) and request.user.is_authenticated and known == _digest(request.user)


def note_entered_password(request, user: User) -> None:
    """Remember the right password during the question for the second factor."""
    request.session[ENTERED] = _digest(user)


def is_entered_password(request, user: User) -> bool:
    """Return whether the account still has the password that began this sign-in."""
    return request.session.get(ENTERED) == _digest(user)


def _was_set_by_another(user):
    setting = [Kind.ACCOUNT_ADDED, Kind.PASSWORD_CHANGED]
    last = SecurityEvent.objects.filter(about=user, kind__in=setting).order_by("-pk").first()
    return last is not None and last.by_id not in (None, user.pk)


def _digest(user):
    return salted_hmac(KNOWN_PASSWORD, user.password, algorithm="sha256").hexdigest()
