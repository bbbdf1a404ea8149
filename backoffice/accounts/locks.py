"""The page after too many wrong passwords or codes."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

LOCKED = (
    "Too many wrong passwords or codes. Try again in {minutes} minutes, or ask an administrator "
    "to let you try at once."
)


def describe_lock() -> str:
    return LOCKED.format(minutes=settings.SIGN_IN_LOCK_MINUTES)


def show_lock(request: HttpRequest, response: HttpResponse, credentials: dict) -> HttpResponse:
    """Return the response after one failure too many. It is the same for every account."""
    context = admin.site.each_context(request) | {"title": "Please wait", "text": describe_lock()}
    answer = render(request, "backoffice/accounts/locked.html", context, status=429)
    answer.headers["Retry-After"] = str(settings.SIGN_IN_LOCK_MINUTES * 60)
    answer.headers["Cache-Control"] = "no-store"
    return answer
