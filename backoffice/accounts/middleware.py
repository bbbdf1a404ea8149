"""Using a session puts its idle limit off."""

import logging

from django.db import DatabaseError
from django.utils import timezone

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
