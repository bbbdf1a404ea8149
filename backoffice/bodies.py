"""Limits of request bodies: their size, and whether they may hold files.

A page takes files only if its URL says so by takes_files. Anywhere else a file is refused before
a byte of it is kept, and so is a body larger than any form of ours sends.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadhandler import (
    FileUploadHandler,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

NO_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")
TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


class FilesRefused(MultiPartParserError):
    """A file came to a page that takes none."""


@dataclass(frozen=True)
class Takes:
    most_bytes: Callable[[], int]
    allows: Callable[[HttpRequest], bool]


def takes_files(view, *, most_bytes, allows):
    """Declare that `view` takes a file of `most_bytes()` if `allows(request)` is true.

    Otherwise the view answers without the file, and no byte of it is kept.
    """

    @functools.wraps(view)
    def wrapped(*args, **kwargs):
        return view(*args, **kwargs)

    wrapped.takes = Takes(most_bytes, allows)
    return wrapped


class BodyMiddleware:
    """Stands before the one that looks for the CSRF token, which reads the body."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if request.method in NO_BODY:
            return None
        # The form has the better message for a file that is a little too large.
        most_bytes = 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        takes = getattr(view, "takes", None)
        if takes is None:
            request.upload_handlers = [FileRefuser(request)]
        elif takes.allows(request):
            most_bytes += takes.most_bytes()
        else:
            request.upload_handlers = [FileSkipper(request)]
        if _content_length(request) > most_bytes:
            return refuse_request(request, RequestDataTooBig())
        if takes is None:
            request.POST  # noqa: B018 (raises FilesRefused, also where the view would not read it)
        return None


class FileRefuser(FileUploadHandler):
    def new_file(self, *args, **kwargs):
        raise FilesRefused

    def receive_data_chunk(self, raw_data, start):
        return None

    def file_complete(self, file_size):
        return None


class FileSkipper(FileRefuser):
    def new_file(self, *args, **kwargs):
        raise StopUpload(connection_reset=True)  # nothing more of the body is read


class PrivateFileHandler(TemporaryFileUploadHandler):
    """Keeps larger files, while they come in, where only this application reads them."""

    def new_file(self, *args, **kwargs):
        settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().new_file(*args, **kwargs)


@csp_override({"default-src": [CSP.NONE], "style-src": [CSP.SELF], "img-src": [CSP.SELF]})
def refuse_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that can't be read (handler400)."""
    status, reason = _describe(exception)
    return render(request, "400.html", {"reason": reason}, status=status)


def _describe(exception):
    if isinstance(exception, FilesRefused):
        return 415, "This page takes no files."
    if isinstance(exception, TOO_LARGE):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 10**6
        return 413, (
            f"It is more than this page takes: a text of more than {most} MB, a file that is too "
            "large, or too many fields. Go back, and your text is still there: make it shorter, "
            "or send it in parts."
        )
    return 400, "It is not as a browser sends it. Go back, reload the page, and try again."


def _content_length(request):
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
