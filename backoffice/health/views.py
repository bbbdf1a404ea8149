"""/healthz, /readyz and /metrics. Strangers only learn whether all is well."""

import threading
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from backoffice.health.metrics import write_metrics
from backoffice.health.registry import Result, run_checks

LOOPBACK = {"127.0.0.1", "::1", ""}  # "": a unix socket
# A proxy says by one of these that somebody else asked.
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)

_lock = threading.Lock()
_kept: tuple[float, dict[str, Result]] | None = None


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process lives. Asks no database, because a restart would not repair one."""
    return _answer(JsonResponse({"ok": True}))


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if all checks pass, else 503. Insiders see the failing checks."""
    results = _check_now_and_then()
    ok = all(result.ok for result in results.values())
    told: dict[str, object] = {"ok": ok}
    if is_insider(request):
        told["checks"] = {name: _describe(result) for name, result in results.items()}
    return _answer(JsonResponse(told, status=200 if ok else 503))


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, if METRICS is on, for insiders."""
    if not settings.METRICS or not is_insider(request):
        raise Http404
    return _answer(HttpResponse(write_metrics(), content_type=CONTENT_TYPE_PLAIN_0_0_4))


def is_insider(request: HttpRequest) -> bool:
    """Return whether the request comes from this machine without a proxy or has HEALTH_TOKEN."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if settings.HEALTH_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.HEALTH_TOKEN)
    is_forwarded = any(name in request.META for name in FORWARDED)
    return not is_forwarded and request.META.get("REMOTE_ADDR") in LOOPBACK


def _check_now_and_then():
    """Return results at most a few seconds old, so that frequent requests cost little."""
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] >= settings.READY_SECONDS:
            _kept = (time.monotonic(), run_checks())
        return _kept[1]


def _describe(result):
    return {"ok": result.ok} | ({"detail": result.detail} if result.detail else {}) | result.numbers


def _answer(response):
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
