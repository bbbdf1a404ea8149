"""Errors to Sentry, if SENTRY_DSN names one: what failed and where, and nobody's data."""

from typing import TYPE_CHECKING, Any, cast

import sentry_sdk
from sentry_sdk.types import Event, Hint

from backoffice.logs import current_request
from backoffice.scrubbing import describe_message, scrub

if TYPE_CHECKING:
    from sentry_sdk._types import DataCollectionUserOptions

KEPT = {"event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk"}
KEPT_OF_FRAME = {"filename", "function", "module", "lineno", "in_app"}


NOTHING_OF_ANYBODY: "DataCollectionUserOptions" = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
    "frame_context_lines": 0,
}


def start_sentry(dsn: str, *, environment: str = "", **options) -> None:
    """Send errors of web requests, jobs and commands from now on."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment or None,
        data_collection=NOTHING_OF_ANYBODY,  # it stands in for send_default_pii=False
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        server_name="",
        before_send=strip_event,
        **options,
    )


def strip_event(event: Event, hint: Hint) -> Event:
    """Return a new event of what may leave: everything that is not named here stays."""
    stripped: dict[str, Any] = {name: told for name, told in event.items() if name in KEPT}
    if request := current_request():
        stripped["request"] = {"method": request.method, "url": scrub(request.path)}
        stripped["tags"] = {"request_id": request.id}
    if logged := event.get("logentry"):
        stripped["logentry"] = {"message": scrub(str(logged.get("message") or ""))}
    if errors := event.get("exception", {}).get("values"):
        stripped["exception"] = {"values": [*_strip_errors(errors, hint)]}
    return cast(Event, stripped)


def _strip_errors(errors, hint):
    messages = _messages_by_type(hint)
    for error in errors:
        frames = (error.get("stacktrace") or {}).get("frames") or []
        yield {
            "type": error.get("type"),
            "module": error.get("module"),
            "value": messages.get(error.get("type"), ""),
            "stacktrace": {
                "frames": [
                    {name: frame[name] for name in KEPT_OF_FRAME & frame.keys()} for frame in frames
                ]
            },
        }


def _messages_by_type(hint):
    _, error, _ = hint.get("exc_info") or (None, None, None)
    messages = {}
    while error is not None and type(error).__name__ not in messages:
        messages[type(error).__name__] = describe_message(error, leaves=True)
        error = error.__cause__ or error.__context__
    return messages
