"""Limits wrong passwords and codes on all forms that ask for them.

django-axes counts, in the database, so that all workers count together. A few failures lock an
account at an address. Many more lock an account from everywhere, or an address for all accounts.
For a browser in which the person has signed in before, only its own account and address count, so
no stranger can keep somebody out for good. Its cookie may be a copy: after a few failures from
anywhere it counts for nothing. Unknown accounts are counted and locked like others.
"""

import copy
import hashlib
import ipaddress
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username, get_credentials
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core import signing
from django.db import IntegrityError
from django.db.models import F, Q, Sum
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from backoffice.accounts.signals import lock_released
from backoffice.errors import ReasonMissing
from backoffice.reasons import explain_missing_word

KNOWN_BROWSER = "known_browser"
KNOWN_BROWSER_AGE = 90 * 24 * 60 * 60
LONGEST_NAME = 255  # of axes' column; PostgreSQL refuses more
IPV6_NETWORK = 64  # the network of one customer of a provider


class Throttle(AxesDatabaseHandler):
    """The database handler of axes (8.3.1), with a limit of its own for each thing counted."""

    def user_login_failed(self, sender, credentials, request=None, **kwargs):
        """Count a failure without its request data, which axes would store but for the password."""
        credentials = dict(credentials)
        if isinstance(name := credentials.get("username"), str):
            credentials["username"] = name[:LONGEST_NAME]
        bare = copy.copy(request)
        bare.GET = bare.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, bare, **kwargs)
        except IntegrityError:
            # The row was there when axes wrote it anew, and gone when it looked: somebody has
            # signed in at this very moment. It is not there now.
            super().user_login_failed(sender, credentials, bare, **kwargs)
        _count_browser(request, get_client_username(request, credentials))
        request.axes_locked_out = bare.axes_locked_out
        request.axes_credentials = bare.axes_credentials
        request.axes_failures_since_start = bare.axes_failures_since_start

    def get_failures(self, request, credentials=None):
        both, of_account, of_address = map(_add_up, self.get_user_attempts(request, credentials))
        if is_known_browser(request, get_client_username(request, credentials)):
            return both
        if (
            of_account >= settings.SIGN_IN_FAILURES_OF_ACCOUNT
            or of_address >= settings.SIGN_IN_FAILURES_OF_ADDRESS
        ):
            return max(both, settings.AXES_FAILURE_LIMIT)
        return both

    def reset_user_attempts(self, request, credentials=None):
        """Forget the failures of this account at this address.

        axes forgets those of the account or the address, so anybody with an account could guess
        others' passwords without end.
        """
        both, *_ = self.filter_user_attempts(request, credentials)
        AccessAttempt.objects.filter(username=_name_browser(request)).delete()
        return both.delete()[0]


def _add_up(attempts):
    return attempts.aggregate(failures=Sum("failures_since_start", default=0))["failures"]


def name_address(request: HttpRequest) -> str | None:
    """Return the client's address, for IPv6 its network, or None if it is no address.

    backoffice.middleware has set REMOTE_ADDR; no header is read here.
    """
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    network = ipaddress.ip_network((int(address), IPV6_NETWORK), strict=False)
    return str(network.network_address)


def name_cookie() -> str:
    return f"__Host-{KNOWN_BROWSER}" if settings.SESSION_COOKIE_SECURE else KNOWN_BROWSER


def remember_browser(response: HttpResponse, user: User) -> None:
    """Set a signed cookie that says that `user` has signed in with this browser."""
    response.set_cookie(
        name_cookie(),
        signing.dumps(user.get_username(), salt=KNOWN_BROWSER),
        max_age=KNOWN_BROWSER_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def read_known_browser(request: HttpRequest) -> str | None:
    """Return the name of who has signed in with this browser, if anybody has."""
    cookie = request.COOKIES.get(name_cookie(), "")
    try:
        return signing.loads(cookie, salt=KNOWN_BROWSER, max_age=KNOWN_BROWSER_AGE)
    except signing.BadSignature:
        return None


def is_known_browser(request: HttpRequest, username: str | None) -> bool:
    """Whether `username` has signed in with it, and it was not wrong too often since."""
    if username is None or read_known_browser(request) != username:
        return False
    attempts = find_live_attempts().filter(username=_name_browser(request))
    return _add_up(attempts) < settings.AXES_FAILURE_LIMIT


def _name_browser(request):
    """What its failures are counted under, beside those of accounts. The cookie can't be told."""
    cookie = request.COOKIES.get(name_cookie(), "")
    return f"A known browser ({hashlib.sha256(cookie.encode()).hexdigest()[:16]})"


def _count_browser(request, username):
    if not is_known_browser(request, username):
        return
    name, now = _name_browser(request), timezone.now()
    AccessAttempt.objects.filter(
        username=name, attempt_time__lt=now - settings.AXES_COOLOFF_TIME
    ).delete()
    counted = AccessAttempt.objects.filter(username=name)
    if not counted.update(failures_since_start=F("failures_since_start") + 1):
        AccessAttempt.objects.create(username=name, failures_since_start=1, attempt_time=now)


def is_locked(request: HttpRequest, user: User) -> bool:
    """Return whether a lock stops `user` from another attempt now."""
    return not AxesProxyHandler.is_allowed(request, get_credentials(user.get_username()))


def note_failure(request: HttpRequest, user: User, *, sender: str) -> None:
    """Count a wrong code of `user` like a wrong password."""
    credentials = get_credentials(user.get_username())
    user_login_failed.send(sender=sender, credentials=credentials, request=request)


def is_own_password(request: HttpRequest, password: str) -> bool:
    """Return whether it is the signed-in user's password.

    A wrong one counts as a failure. If that locks the account, the form tells it, so that the typed
    text stays.
    """
    user = authenticate(request, username=request.user.get_username(), password=password)
    marked: Any = request
    marked.axes_locked_out = False
    return user == request.user


def find_live_attempts(*, at=None):
    """Return the failures that still count."""
    since = (at or timezone.now()) - settings.AXES_COOLOFF_TIME
    return AccessAttempt.objects.filter(attempt_time__gte=since)


def release_lock(
    *, username: str | None = None, ip_address: str | None = None, by: User, reason: str
) -> int:
    """Delete the failures of an account or an address, so that it can try again at once.

    Raises ReasonMissing.
    """
    if refusal := explain_missing_word(reason, "Say why: the reason is kept."):
        raise ReasonMissing(refusal)
    failures = Q(username=username) if ip_address is None else Q(ip_address=ip_address)
    count, _ = AccessAttempt.objects.filter(failures).delete()
    lock_released.send(
        sender=AccessAttempt, username=username, ip_address=ip_address, by=by, reason=reason
    )
    return count
