from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from billing.errors import BillingError


class ReasonActions:
    """Buttons whose dialog asks why; only its POST acts. What may happen, the domain decides."""

    def find_fitting_actions(self, obj):
        """Return the names of the buttons that fit the object now."""
        raise NotImplementedError

    def get_actions_detail(self, request, object_id):
        obj = self.get_object(request, object_id)
        fitting = self.find_fitting_actions(obj) if obj else ()
        names = {f"{self.opts.app_label}_{self.opts.model_name}_{name}" for name in fitting}
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if button.action_name in names
        ]

    def _act(self, request, form, act, success, **subject):
        """Call the domain function `act`, tell what came of it, return to the page."""
        try:
            act(by=request.user, reason=form.cleaned_data["reason"], **subject)
        except BillingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, success, messages.SUCCESS)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        url = reverse(name, args=[form.subject.pk])
        return HttpResponse(headers={"HX-Redirect": url})
