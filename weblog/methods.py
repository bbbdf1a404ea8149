"""What may be done at a public address: to read it, and to ask what may be done."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

READING = ("GET", "HEAD")
ALLOWED = [*READING, "OPTIONS"]


def read_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer OPTIONS with what is allowed, and every method that is neither it nor reading by 405.

    Nothing changes at these addresses, so the check against forged forms has nothing to guard. It
    would answer 403 to whom 405 is due.
    """

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method in READING:
            return view(request, *args, **kwargs)
        if request.method == "OPTIONS":
            return HttpResponse(headers={"Allow": ", ".join(ALLOWED), "Content-Length": "0"})
        return HttpResponseNotAllowed(ALLOWED)

    return answer
