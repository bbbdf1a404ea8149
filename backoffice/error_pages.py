"""The error pages of staff: 404, 403, 500, and forms with a wrong CSRF token.

Under /admin/ in the look of the back-office; readers keep the site's own pages.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from backoffice.limits.queries import ran_out, refuse_slow
from backoffice.limits.refusals import refuse

logger = logging.getLogger(__name__)

FAILED = "Something went wrong on our side"
AFTER_FAILURE = (
    "It is not your fault, and it is on record for those who run this. Look whether what you did "
    "was done before you try it again. If it fails once more, tell an administrator when it did."
)
STALE = (
    "While this form was open, you signed in or out in another window, or the browser lost its "
    "cookies. Nothing was saved."
)


def page_not_found(of_readers: Callable) -> Callable:
    """Return a handler404 that shows readers their own page, the view `of_readers`."""

    @wraps(of_readers)
    def handler(request: HttpRequest, exception: Exception) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return of_readers(request, exception)
        return refuse(
            request,
            status=404,
            title="There is no such page",
            text="The address is not right, or what it showed is not there any more.",
            again=False,
        )

    return handler


def server_error(of_readers: Callable) -> Callable:
    """Return a handler500 that shows readers the view `of_readers`. It asks no database.

    Where a middleware's query took too long, before any view, it says so as for a view's. If the
    page for staff can't be made either, that of readers takes its place.
    """

    @wraps(of_readers)
    def handler(request: HttpRequest) -> HttpResponse:
        if ran_out(sys.exception()):
            return refuse_slow(request)
        if not request.path.startswith(reverse("admin:index")):
            return of_readers(request)
        try:
            return refuse(request, status=500, title=FAILED, text=AFTER_FAILURE)
        except Exception:
            logger.exception("The page that tells of a failure failed as well.")
            return of_readers(request)

    return handler


def page_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request without permission (handler403)."""
    return refuse(
        request,
        status=403,
        title="This is not open to you",
        text="Your role does not include this page or this step, or it is not the time for it. "
        "If it should, ask an administrator.",
        again=False,
    )


def form_is_stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose CSRF token is missing or an old one (CSRF_FAILURE_VIEW).

    What was typed is given back, with a new token, only if the browser says that a page of ours
    sent it: another site must not get a form filled in for our people to press on.
    """
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    return refuse(
        request, status=403, title="Please send this once more", text=STALE, again=is_ours
    )
