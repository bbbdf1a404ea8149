"""Who is acting: the person of the request that is being answered, if there is one."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from simple_history.models import HistoricalRecords


def current_request() -> HttpRequest | None:
    """Return the request that HistoryRequestMiddleware holds: None in a job, a command, a shell."""
    return getattr(HistoricalRecords.context, "request", None)


def current_actor() -> User | None:
    user = getattr(current_request(), "user", None)
    return user if user is not None and user.is_authenticated else None
