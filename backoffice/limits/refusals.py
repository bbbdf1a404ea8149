"""The page for a refused request: what was not done, why, and what to do. No query."""

import copy
from urllib.parse import urlsplit

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

SECRETS = ("password", "csrfmiddlewaretoken", "code", "secret", "token")


def refuse(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    text: str,
    retry_after: int | None = None,
    again: bool = True,
) -> HttpResponse:
    """Answer `status` in the look of where it was asked.

    With `again`, a form gets back what was typed, and a page the link to try it again.
    """
    context: dict[str, object] = {"title": title, "text": text, "again_in": retry_after}
    if "HX-Request" in request.headers:
        # A dialog shows no error responses, so this one has status 200.
        response = render(request, "backoffice/refused_dialog.html", context)
    elif request.path.startswith(reverse("admin:index")):
        context |= {"again": again, "is_form": request.method == "POST"}
        context["back"] = _find_page_before(request)
        if again:
            context["typed"] = list(_list_typed(request))
        request = _as_nobody(request)
        context |= admin.site.each_context(request)
        response = render(request, "backoffice/refused.html", context, status=status)
    else:
        response = render(_as_nobody(request), "503.html", context, status=status)
    if retry_after is not None:
        response["Retry-After"] = retry_after
    response["Cache-Control"] = "no-store"
    return response


def _find_page_before(request):
    """Return the address of the back-office that led here, if the browser told of one."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_ours = before.netloc == request.get_host() and before.path != request.path
    if not (is_ours and before.path.startswith(reverse("admin:index"))):
        return ""
    return f"{before.path}?{before.query}" if before.query else before.path


def _as_nobody(request):
    """Return the request without user and messages, whose lookup could be one query too many."""
    quiet = copy.copy(request)
    quiet.user = AnonymousUser()
    quiet._messages = []
    return quiet


def _list_typed(request):
    """Yield (name, value, is long) of the form's data, without secrets."""
    if request.method != "POST":
        return
    for name, values in request.POST.lists():
        if not any(secret in name.lower() for secret in SECRETS):
            for value in values:
                yield name, value, len(value) > 200
