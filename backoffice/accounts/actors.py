"""The acting person: the user of the current request, if there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.auth.models import User
from django.http import HttpRequest
from simple_history.models import HistoricalRecords

_acting: ContextVar[User | None] = ContextVar("acting", default=None)


def current_request() -> HttpRequest | None:
    """Return the request that HistoryRequestMiddleware holds: None in a job, a command, a shell."""
    return getattr(HistoricalRecords.context, "request", None)


@contextmanager
def acting_as(user: User) -> Iterator[None]:
    """Make `user` the actor of the block, for a known person who is not signed in."""
    token = _acting.set(user)
    try:
        yield
    finally:
        _acting.reset(token)


def current_actor() -> User | None:
    if acting := _acting.get():
        return acting
    user = getattr(current_request(), "user", None)
    return user if user is not None and user.is_authenticated else None
