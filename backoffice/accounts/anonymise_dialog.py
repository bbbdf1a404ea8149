"""The dialog on the page of a user that makes the account a pseudonym."""

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.accounts.anonymising import (
    AnonymisingRefused,
    anonymise_account,
    explain_reason,
    explain_refusals,
    was_anonymised,
)
from backoffice.accounts.confirming import ConfirmMixin

REPLACE, KEEP = "replace", "keep"


class AnonymiseDialog(ConfirmMixin, BaseDialogForm):
    form_before_template = "backoffice/refusals.html"

    username = forms.CharField(
        label="Type the username, to be sure",
        max_length=150,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
    )
    name = forms.ChoiceField(
        label="What readers see with their blogs, and everyone here",
        initial=REPLACE,
        widget=UnfoldAdminRadioSelectWidget,
    )
    reason = forms.CharField(
        label="Why",
        max_length=1000,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Without the name: the reason is kept.",
        error_messages={"required": "Say why: the reason is kept."},
    )

    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        try:
            self.user = User.objects.get(pk=object_id)
        except (User.DoesNotExist, ValueError, OverflowError):
            raise Http404 from None
        self.fields["name"].choices = [
            (REPLACE, f"“Former colleague {self.user.pk}”"),
            (KEEP, f"“{self.user.get_full_name() or self.user.get_username()}”, as published"),
        ]
        if not self.user.get_full_name():
            del self.fields["name"]
        self.refusals = explain_refusals(user=self.user, by=request.user, at=timezone.now())
        self.ask_to_confirm()

    def clean_username(self):
        if self.cleaned_data["username"] != self.user.get_username():
            raise forms.ValidationError("This is not the username of the account.")
        return self.cleaned_data["username"]

    def clean_reason(self):
        if refusal := explain_reason(self.cleaned_data["reason"], self.user):
            raise forms.ValidationError(refusal)
        return self.cleaned_data["reason"]

    def get_before_template_context(self, request, object_id=None):
        return {"refusals": self.refusals}

    def clean(self):
        for refusal in self.refusals:
            self.add_error(None, refusal)
        return super().clean()


ANONYMISE = {
    "title": "Anonymise this account?",
    "description": "Name, username, e-mail address, roles, factors and sign-ins go, for good. "
    "Payments, exports and seals keep the name of then. Nobody can undo it.",
    "form_class": AnonymiseDialog,
    "form_submit_text": "Anonymise for good",
}


class AnonymiseAction:
    def has_anonymise_permission(self, request, object_id=None):
        if not request.user.is_superuser or object_id == str(request.user.pk):
            return False
        user = User.objects.filter(pk=object_id).first() if str(object_id).isdecimal() else None
        return user is None or not (user.is_active or was_anonymised(user))

    @action(
        description="Anonymise",
        icon="person_off",
        permissions=["anonymise"],
        dialog=ANONYMISE,
    )
    def anonymise(self, request, form, object_id):
        try:
            user = anonymise_account(
                user=form.user,
                by=request.user,
                reason=form.cleaned_data["reason"],
                keep_name=form.cleaned_data.get("name") == KEEP,
            )
        except AnonymisingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            text = f"The account is “{user.get_username()}” from now on."
            self.message_user(request, text, messages.SUCCESS)
        url = reverse("admin:auth_user_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})
