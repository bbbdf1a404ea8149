"""Middleware for the reader's address behind our proxies, and for request ids in logs."""

import logging
import time

from django.conf import settings
from django.http import Http404, HttpResponseNotFound
from django.urls import resolve

from backoffice.client_addresses import canonical_address, forwarded_address
from backoffice.logs import logging_for, read_request_id
from backoffice.scrubbing import scrub

logger = logging.getLogger(__name__)

PROBES = {"/healthz", "/readyz", "/metrics"}


class ClientAddressMiddleware:
    """Set REMOTE_ADDR to the address that the outermost of TRUSTED_PROXIES saw, in one form.

    X-Forwarded-For is counted from the right, because everything left of what our own proxies
    wrote is whatever the reader sent. With no trusted proxy, a shorter header or no address in it,
    it stays the address that connects.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        address = forwarded_address(forwarded, settings.TRUSTED_PROXIES)
        address = address or canonical_address(request.META.get("REMOTE_ADDR", ""))
        if address:
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


class ProbeMiddleware:
    """Answer probes before anything that needs a host name, TLS, a session or a database.

    A probe on this machine asks http://127.0.0.1/, which is no host of ours and would be sent on
    to https. It sees the address that is really connected, before ClientAddressMiddleware.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info not in PROBES:
            return self.get_response(request)
        view, arguments, options = resolve(request.path_info)
        try:
            response = view(request, *arguments, **options)
        except Http404:
            response = HttpResponseNotFound()
        response._has_been_logged = True  # Django's mark: a 503 of /readyz is no error of a page
        return response


class RequestLogMiddleware:
    """Give the request an id, and log what staff asked for. What readers ask for is not logged.

    The outermost, so that every record of the request has its id. Failures are logged by Django.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.id = read_request_id(request, is_behind_proxy=settings.TRUSTED_PROXIES > 0)
        with logging_for(request):
            started = time.monotonic()
            response = self.get_response(request)
            response["X-Request-ID"] = request.id
            if request.path_info.startswith(settings.LOGGED_PATHS):
                self._log(request, response, time.monotonic() - started)
        return response

    def _log(self, request, response, seconds):
        logger.info(
            "request",
            extra={
                "method": request.method,
                "path": scrub(request.path),
                "status": response.status_code,
                "milliseconds": round(seconds * 1000),
            },
        )
