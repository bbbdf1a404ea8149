"""Middleware that extends used sessions, and that keeps staff pages out of browser caches."""

import logging

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

logger = logging.getLogger(__name__)


class SessionUseMiddleware:
    """Note the use of a session if the view looked up the user.

    Stands after SessionMiddleware. Pages that look up no user, such as pictures and styles, keep no
    session alive.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.session.accessed and request.session.session_key:
            self._note_use(request.session)
        return response

    def _note_use(self, session):
        """Note the use, but answer the page even if the database refuses the write."""
        try:
            session.note_use(at=timezone.now())
        except DatabaseError:
            logger.warning("The use of a session could not be noted.", exc_info=True)


class StaffPageMiddleware:
    """Tell browsers to cache no staff page or file, because others may use the machine next.

    Django does so for the admin's pages, but not for the page of a new password and downloads.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        is_staffs = request.path_info.startswith(settings.LOGGED_PATHS)
        if is_staffs and "Cache-Control" not in response:
            add_never_cache_headers(response)
        return response
