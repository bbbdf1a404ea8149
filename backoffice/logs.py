"""Logs: one line of JSON for each event, with the request and the user, without data of readers.

All lines go to standard error; systemd, cron and containers keep them from there. Security events
also go to a file, if SECURITY_LOG names one.
"""

import contextlib
import contextvars
import re
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import structlog
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from structlog.typing import Processor

from backoffice.scrubbing import describe_exception, scrub

SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
EXTRAS = ["request_id", "user_id", "method", "path", "status", "milliseconds", "job"]
EXTRAS += ["event_id", "kind", "about", "by", "detail", "address"]  # of security events
EXTRAS += ["kind", "event_id", "about", "by", "detail"]  # backoffice.accounts.security_log
SECURITY = "imprint.security"


class NamedRequest(HttpRequest):
    """For annotations: a request with the id that backoffice.middleware gave it."""

    id: str


_request: contextvars.ContextVar[NamedRequest | None] = contextvars.ContextVar(
    "request", default=None
)
_job: contextvars.ContextVar[str | None] = contextvars.ContextVar("job", default=None)


def make_logging(*, debug: bool, security_log: str = "") -> dict:
    """Return settings.LOGGING. The root's handlers get the records of every logger."""
    logging: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "outside_debug": {"()": "django.utils.log.RequireDebugFalse"},
            "with_context": {"()": "backoffice.logs.ContextFilter"},
        },
        "formatters": {"lines": {"()": "backoffice.logs.make_formatter", "debug": debug}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["with_context"],
            },
            "mail_admins": {
                "class": "backoffice.alerts.AlertHandler",
                "level": "ERROR",
                "filters": ["outside_debug", "with_context"],
            },
        },
        "root": {"handlers": ["console", "mail_admins"], "level": "WARNING"},
        "loggers": {
            "backoffice": {"level": "INFO"},
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # In a worker, once Django is set up. It names the request and the user.
            "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
            # Scanners ask for foreign host names. That is no failure of ours.
            "django.security.DisallowedHost": {"handlers": ["console"], "propagate": False},
            SECURITY: {"level": "INFO"},
        },
    }
    if security_log:
        # Reopens the file after logrotate has moved it.
        logging["handlers"]["security"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": security_log,
            "formatter": "lines",
            "filters": ["with_context"],
            "delay": True,
        }
        logging["loggers"][SECURITY]["handlers"] = ["security"]
    return logging


def make_formatter(*, debug: bool):
    """Return a formatter for records of the standard library: JSON, or text for a developer."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(EXTRAS),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor]
    if debug:
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    else:
        last = [
            _describe_error,
            _scrub_event,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        foreign_pre_chain=shared,
        use_get_message=True,
    )


def _describe_error(logger, method, event):
    exc_info = event.pop("exc_info", None)
    if exc_info and exc_info[1] is not None:
        event["error"] = describe_exception(exc_info[1], leaves=False)
    event.pop("stack_info", None)
    return event


def _scrub_event(logger, method, event):
    """Keep addresses in security events, which are about signed-in staff. Scrub everything else."""
    if event["logger"] != SECURITY:
        event["event"] = scrub(event["event"])
        for name in ("address", "detail"):
            event.pop(name, None)
    return event


class ContextFilter:
    """Adds the request or job and the user to each record. Lets every record pass."""

    def filter(self, record):
        if (job := _job.get()) and not hasattr(record, "job"):
            record.job = job
        # Django logs an answer of 4xx after the outermost middleware, and passes the request along.
        request = _request.get() or getattr(record, "request", None)
        if hasattr(request, "id"):
            record.request_id = request.id
            if user_id := _user_id_of(request):
                record.user_id = user_id
        return True


def _user_id_of(request):
    """Return the id of the request's user if the session is loaded already: logging makes no query.

    If the session is just being loaded, it is not asked: a failure of that load is itself logged.
    """
    data = getattr(getattr(request, "session", None), "_session_cache", {})
    return data.get(SESSION_KEY)


@contextlib.contextmanager
def logging_for(request: NamedRequest) -> Iterator[None]:
    """Add `request` to the records of this block."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


@contextlib.contextmanager
def logging_for_job(name: str) -> Iterator[None]:
    """Add the job to the records of this block."""
    token = _job.set(name)
    try:
        yield
    finally:
        _job.reset(token)


def current_request() -> NamedRequest | None:
    """Return the request that this thread answers, or None."""
    return _request.get()


def read_request_id(request: HttpRequest, *, is_behind_proxy: bool) -> str:
    """Return the id that our own proxy gave the request, so that both logs show the same id."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    if is_behind_proxy and SAFE_REQUEST_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex
