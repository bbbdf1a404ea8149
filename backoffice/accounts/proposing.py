"""What the pages of users and groups have in common: they propose what needs a second person."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.accounts.confirming import ConfirmMixin
from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import is_guarded_person
from backoffice.accounts.two_people import AccessRefused, propose_access

Kind, Outcome = AccessRequest.Kind, AccessRequest.Outcome

OWN_ALONE = (
    "{} holds rights over money or accounts, so nobody else sets their password: they ask for a "
    "new one by mail, where one signs in."
)


class ProposingAdmin:
    """For an admin whose form is a ProposingForm."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if not change:
            return
        requests, refusals = form.propose(request.user)
        for access in requests:
            report_proposal(self, request, access)
        for refusal in refusals:
            self.message_user(request, refusal, messages.ERROR)


def report_proposal(model_admin, request, access):
    """Say what became of a proposal, with the way to it."""
    url = reverse("admin:backoffice_accessrequest_change", args=[access.pk])
    link = format_html('<a class="bo-link" href="{}">{}</a>', url, access)
    if access.outcome == Outcome.CONFIRMED:
        text = format_html("Given, by a single administrator: {}.", link)
        model_admin.message_user(request, text, messages.SUCCESS)
    else:
        text = format_html("Not given yet: {} waits for another administrator.", link)
        model_admin.message_user(request, text, messages.WARNING)


class LetInDialog(ConfirmMixin, BaseDialogForm):
    reason = forms.CharField(
        label="Why",
        max_length=1000,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Make sure that it is they who ask: by telephone or in person, not by mail.",
        error_messages={"required": "Say why: another administrator has to confirm this."},
    )

    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        try:
            self.user = User.objects.get(pk=object_id)
        except (User.DoesNotExist, ValueError, OverflowError):
            raise Http404 from None
        self.ask_to_confirm()


LET_IN = {
    "title": "Let them in without their second factors?",
    "description": "For who has lost all of them. Once another administrator confirms it, they "
    "sign in with the password alone and set up a new factor at once.",
    "form_class": LetInDialog,
    "form_submit_text": "Propose",
}


class LetInAction:
    def has_let_in_permission(self, request, object_id=None):
        return request.user.is_superuser and object_id != str(request.user.pk)

    @action(
        description="Lost every factor",
        icon="no_encryption",
        permissions=["let_in"],
        dialog=LET_IN,
    )
    def let_in(self, request, form, object_id):
        try:
            access = propose_access(
                kind=Kind.FACTORS,
                about=form.user,
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        except AccessRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            report_proposal(self, request, access)
        url = reverse("admin:auth_user_change", args=[form.user.pk])
        return HttpResponse(headers={"HX-Redirect": url})


def explain_own_password(user, by) -> str:
    """Say why `by` may not set the password of `user`; empty where they may."""
    if settings.SINGLE_ADMINISTRATOR or user == by or not is_guarded_person(user):
        return ""
    return OWN_ALONE.format(user.get_full_name() or user.get_username())
