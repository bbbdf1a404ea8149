"""A first password: the person chooses it, by a link in a mail. Nobody tells it to anybody."""

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.template.loader import render_to_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.reset import describe_link
from backoffice.accounts.security_log import record_event
from backoffice.dialogs import dialog_action
from backoffice.errors import Refusal
from backoffice.mailing.kinds import PASSWORD_LINK
from backoffice.mails import deliver, write_mails
from backoffice.people import full_name

LINK = "They choose it, by a link that you mail them"
GIVEN = "I set one, which they have to change when they sign in"


class InvitingRefused(Refusal):
    """The message is shown to the person as it is."""


def is_invitable(user: User) -> bool:
    """Whether the account waits for its first password, and a mail with a link reaches it."""
    return bool(user.is_active and user.is_staff and user.email) and not user.has_usable_password()


def invite(*, user: User, by: User) -> None:
    """Mail the link, which counts once and for PASSWORD_RESET_TIMEOUT. Raises InvitingRefused."""
    if not is_invitable(user):
        raise InvitingRefused("They need an address, an active staff account, and no password yet.")
    context = {
        "user": user,
        "by": full_name(by),
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
        **describe_link(),
    }
    text = render_to_string("backoffice/accounts/mail/invitation.txt", context)
    subject = f"{settings.PRODUCT_NAME}: Choose your password"
    try:
        for mail in write_mails(subject, text, to=[user.email], kind=PASSWORD_LINK, is_secret=True):
            deliver(mail)
    except OSError as error:
        raise InvitingRefused("The mail server did not take it. Try again later.") from error
    # Whoever opens the link has the account: that may not be its person.
    record_event(
        SecurityEvent.Kind.PASSWORD_RESET_ASKED,
        about=user,
        by=by,
        detail="Invitation",
        hands_over=True,
    )


def describe_password_choice(field: forms.ChoiceField) -> None:
    """Say in our words what Django asks of a new account: it knows of other ways to sign in."""
    field.label, field.help_text, field.initial = "Password", "", "false"
    field.choices = field.widget.choices = [("false", LINK), ("true", GIVEN)]


INVITE = {
    "title": "Mail them a link?",
    "description": "It goes to the address of the account, and lets whoever opens it choose the "
    "first password.",
    "form_submit_text": "Mail it",
}


class InviteAction:
    def has_invite_permission(self, request, object_id=None):
        return request.user.is_superuser

    @dialog_action(
        description="Mail a link to a password",
        icon="mail",
        permissions=["invite"],
        dialog=INVITE,
        fits=lambda user, by: is_invitable(user),
    )
    def invite(self, request, form):
        invite(user=form.obj, by=request.user)
        return f"A link was mailed to {form.obj.email}."
