"""The common base of the pages of users and groups: they propose rights for two people."""

from django.conf import settings
from django.contrib import messages
from django.utils.html import format_html

from backoffice.accounts.actors import current_actor
from backoffice.accounts.confirming import ConfirmMixin
from backoffice.accounts.factors import list_factors
from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import is_guarded_person
from backoffice.accounts.two_people import propose_access
from backoffice.dialogs import DialogForm, Done, ReasonField, dialog_action, page_of
from backoffice.people import full_name

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
            proposed = describe_proposal(access)
            self.message_user(request, proposed.text, proposed.level)
        for refusal in refusals:
            self.message_user(request, refusal, messages.ERROR)


def describe_proposal(access) -> Done:
    """Tell the result of a proposal, with a link to it."""
    link: str = format_html('<a class="bo-link" href="{}">{}</a>', page_of(access), access)
    by = current_actor()
    if by is not None and not by.has_perm("backoffice.view_accessrequest"):
        link = str(access)
    if access.outcome == Outcome.CONFIRMED:
        return Done(format_html("Given, by a single administrator: {}.", link))
    text = format_html("Not given yet: {} waits for another administrator.", link)
    return Done(text, level=messages.WARNING)


class LetInDialog(ConfirmMixin, DialogForm):
    reason = ReasonField(
        label="Why",
        rows=2,
        help_text=(
            "Make sure that the person themselves is asking: by telephone or in person, not by "
            "mail."
        ),
        missing="Say why: another administrator has to confirm this.",
    )

    def __init__(self, request, obj=None, **kwargs):
        super().__init__(request, obj, **kwargs)
        self.ask_to_confirm()


LET_IN = {
    "title": "Let them in without their second factors?",
    "description": "For people who have lost all their factors. Once another administrator "
    "confirms it, they sign in with the password alone and set up a new factor at once.",
    "form_class": LetInDialog,
    "form_submit_text": "Propose",
}


class LetInAction:
    def has_let_in_permission(self, request, object_id=None):
        return request.user.is_superuser and object_id != str(request.user.pk)

    @dialog_action(
        description="Lost every factor",
        icon="no_encryption",
        permissions=["let_in"],
        dialog=LET_IN,
        fits=lambda user, by: bool(list_factors(user)),  # or there is nothing to have lost
    )
    def let_in(self, request, form):
        access = propose_access(
            kind=Kind.FACTORS,
            about=form.obj,
            by=request.user,
            reason=form.cleaned_data["reason"],
        )
        return describe_proposal(access)


def explain_own_password(user, by) -> str:
    """Return why `by` may not set the password of `user`, or "" if they may."""
    if settings.SINGLE_ADMINISTRATOR or user == by or not is_guarded_person(user):
        return ""
    return OWN_ALONE.format(full_name(user))
