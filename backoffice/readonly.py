"""Fields that are only read: a row is a link for whoever may open its page, and else its name.

As shipped (Unfold 0.110) each related row is a link, and one's role may answer it with a 403.
"""

from typing import Any

from django.contrib.auth.models import User
from unfold import forms
from unfold.fields import UnfoldAdminReadonlyField

from backoffice.people import full_name


class ReadonlyField(UnfoldAdminReadonlyField):
    def get_admin_url(self, remote_field: Any, remote_obj: Any) -> str:
        request = getattr(self.form, "reader_request", None)
        model_admin = self.model_admin.admin_site._registry.get(remote_field.model)
        name = full_name(remote_obj) if isinstance(remote_obj, User) else str(remote_obj)
        if request is None or model_admin is None:
            return name
        if not model_admin.has_view_permission(request, remote_obj):
            return name
        if not model_admin.get_queryset(request).filter(pk=remote_obj.pk).exists():
            return name
        return super().get_admin_url(remote_field, remote_obj)


def link_only_what_opens() -> None:
    """Put our field in the place of Unfold's."""
    forms.UnfoldAdminReadonlyField = ReadonlyField
