"""Limits how many passwords are hashed at once: each takes a core for a third of a second.

Of two hundred who sign in at one moment the first are let in and the others asked to try again,
and all the other pages stay as quick as they are. A hash takes one of a few slots: locks on files,
and so the same for all workers of the machine. Some threads of a worker wait for one, for a moment;
commands wait as long as it takes.

Strangers can ask from any number of addresses, so they never hold all slots: one is for whoever is
signed in, or has signed in with this browser before, and so are places to wait for it.
"""

import contextlib
import threading
import time
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from backoffice.accounts.actors import current_actor, current_request
from backoffice.limits.queries import is_web_request, stopped_clock
from backoffice.limits.refusals import refuse
from backoffice.limits.slots import take_slot

MOST_WAITING = 2  # threads of a worker; of those who are known, as many more
MOST_SECONDS = 3
PAUSE = 0.02

_waiting = {is_known: threading.BoundedSemaphore(MOST_WAITING) for is_known in (False, True)}


class TooManyHashes(Exception):
    """Too many people sign in, or sign, at this moment."""


class BoundedPasswordHasher(PBKDF2PasswordHasher):
    """Django's own, with the same hashes, a few at a time."""

    def encode(self, *args, **kwargs):
        with stopped_clock(), hash_slot():  # on a busy machine it takes longer than the queries may
            return super().encode(*args, **kwargs)


class HashingMiddleware:
    """Answers requests that find no slot for a password."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        if not isinstance(error, TooManyHashes):
            return None
        return refuse(
            request,
            status=503,
            title="Many people are signing in",
            text="Passwords take a while to check, and too many wait at this moment. Nothing is "
            "wrong with yours. Try again in a few seconds.",
            retry_after=5,
        )


@contextlib.contextmanager
def hash_slot() -> Iterator[None]:
    """Hold one of settings.HASHES_AT_ONCE slots. Raises TooManyHashes within a web request."""
    slots, is_known = _list_slots()
    with contextlib.ExitStack() as stack:
        if _take_slot(stack, slots):
            yield
            return
        if not is_web_request():
            while not _take_slot(stack, slots):
                time.sleep(PAUSE)
        elif not _waiting[is_known].acquire(blocking=False):
            raise TooManyHashes
        else:
            try:
                _wait_for_slot(stack, slots)
            finally:
                _waiting[is_known].release()
        yield


def _list_slots() -> tuple[range, bool]:
    """Return which slots may be taken, and whether it is for somebody known. Of a single slot
    another is kept for those."""
    most = settings.HASHES_AT_ONCE
    if not is_web_request():
        return range(most), False
    if _is_known():
        return range(max(most, 2)), True
    return range(max(most - 1, 1)), False


def _is_known() -> bool:
    from backoffice.accounts.throttle import read_known_browser

    request = current_request()
    if request is None:
        return False
    return current_actor() is not None or read_known_browser(request) is not None


def _wait_for_slot(stack, slots):
    until = time.monotonic() + MOST_SECONDS
    while not _take_slot(stack, slots):
        if time.monotonic() > until:
            raise TooManyHashes
        time.sleep(PAUSE)


def _take_slot(stack: contextlib.ExitStack, slots: range) -> bool:
    return take_slot(stack, "hash", reversed(slots))
