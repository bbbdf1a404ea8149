"""Shared code of tests of the admin's pages."""

from django.contrib.messages import get_messages

from backoffice.dialogs import DialogForm


def shown(response):
    """Return the messages that the next page shows, or the dialog that refuses."""
    form = (response.context or {}).get("form")
    refusals = form.non_field_errors() if isinstance(form, DialogForm) else []
    return [*map(str, get_messages(response.wsgi_request)), *refusals]
