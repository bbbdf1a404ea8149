"""What the tests of the admin's pages share."""

from django.contrib.messages import get_messages

from backoffice.dialogs import DialogForm


def shown(response):
    """What the person is told: by the next page, or by the dialog that refuses."""
    form = (response.context or {}).get("form")
    refusals = form.non_field_errors() if isinstance(form, DialogForm) else []
    return [*map(str, get_messages(response.wsgi_request)), *refusals]
