"""Using a session puts its idle limit off, and what staff see is kept by no browser."""

import logging

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

logger = logging.getLogger(__name__)


class SessionUseMiddleware:
    """Note that a session was used, where a view has looked who asks. After SessionMiddleware.

    Pages that ask nobody's name, such as pictures and styles, keep no session alive.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.session.accessed and request.session.session_key:
            self._note_use(request.session)
        return response

    def _note_use(self, session):
        """A page is answered all the same while the database takes no writes."""
        try:
            session.note_use(at=timezone.now())
        except DatabaseError:
            logger.warning("The use of a session could not be noted.", exc_info=True)


class StaffPageMiddleware:
    """Tell browsers to keep no page or file of staff, for whoever sits there next.

    Django says so of the admin's own pages; not of the one for a new password, nor of downloads.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        is_staffs = request.path_info.startswith(settings.LOGGED_PATHS)
        if is_staffs and "Cache-Control" not in response:
            add_never_cache_headers(response)
        return response
