"""Pages for tests that fail while a reader's data is in reach of the error."""

import logging

from django.http import HttpResponse
from django.urls import include, path

from backoffice.urls import handler400, handler403, handler404, handler500  # noqa: F401


def fail(request):
    iban = request.POST.get("iban", "geheim")
    raise ValueError(f"{iban} of {request.META.get('HTTP_USER_AGENT')}")


def work(request):
    if request.user.is_authenticated:
        logging.getLogger("backoffice.tests").warning("Somebody is there.")
    return HttpResponse("well")


urlpatterns = [
    path("fail/", fail),
    path("admin/fail/", fail),
    path("admin/work/", work),
    path("work/", work),
    path("", include("backoffice.urls")),
]
