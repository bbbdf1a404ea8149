"""The dialog on a user's page that anonymises the account."""

from django import forms
from django.contrib.auth.models import User
from django.utils import timezone
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from backoffice.accounts.anonymising import (
    anonymise_account,
    explain_reason,
    explain_refusals,
)
from backoffice.accounts.confirming import ConfirmMixin
from backoffice.accounts.pseudonyms import was_anonymised
from backoffice.dialogs import DialogForm, ReasonField, dialog_action
from backoffice.people import full_name

REPLACE, KEEP = "replace", "keep"


class AnonymiseDialog(ConfirmMixin, DialogForm):
    objections_heading = "Not yet:"

    username = forms.CharField(
        label="Type the username, to be sure",
        max_length=150,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
    )
    name = forms.ChoiceField(
        label="Readers see it with the blogs, and so does everyone here",
        initial=REPLACE,
        widget=UnfoldAdminRadioSelectWidget,
    )
    reason = ReasonField(
        label="Why",
        rows=2,
        help_text="Leave the name out: the reason is kept.",
        missing="Say why: the reason is kept.",
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.fields["name"].choices = [
            (REPLACE, f"“Former colleague {obj.pk}”"),
            (KEEP, f"“{full_name(obj)}”, as published"),
        ]
        if not obj.get_full_name():
            del self.fields["name"]
        self.ask_to_confirm()

    def find_objections(self):
        return explain_refusals(user=self.obj, by=self.request.user, at=timezone.now())

    def clean_username(self):
        if self.cleaned_data["username"] != self.obj.get_username():
            raise forms.ValidationError("This is not the username of the account.")
        return self.cleaned_data["username"]

    def clean_reason(self):
        if refusal := explain_reason(self.cleaned_data["reason"], self.obj):
            raise forms.ValidationError(refusal)
        return self.cleaned_data["reason"]


ANONYMISE = {
    "title": "Anonymise this account?",
    "description": "This deletes name, username, e-mail address, roles, factors and sign-ins for "
    "good. Payments, exports and seals keep the name of their time. Nobody can undo it.",
    "form_class": AnonymiseDialog,
    "form_submit_text": "Anonymise for good",
}


class AnonymiseAction:
    def has_anonymise_permission(self, request, object_id=None):
        if not request.user.is_superuser or object_id == str(request.user.pk):
            return False
        user = User.objects.filter(pk=object_id).first() if str(object_id).isdecimal() else None
        return user is None or not (user.is_active or was_anonymised(user))

    @dialog_action(
        description="Anonymise",
        icon="person_off",
        permissions=["anonymise"],
        dialog=ANONYMISE,
    )
    def anonymise(self, request, form):
        user = anonymise_account(
            user=form.obj,
            by=request.user,
            reason=form.cleaned_data["reason"],
            keep_name=form.cleaned_data.get("name") == KEEP,
        )
        return f"The account is “{user.get_username()}” from now on."
