"""A first password: the person chooses it, by a link in a mail. Nobody tells it to anybody."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from unfold.decorators import action

from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.security_log import record_event

LINK = "They choose it, by a link that you mail them"
GIVEN = "I set one, which they have to change when they sign in"


def is_invitable(user: User) -> bool:
    """Whether the account waits for its first password, and a mail with a link reaches it."""
    return bool(user.is_active and user.is_staff and user.email) and not user.has_usable_password()


def invite(*, user: User, by: User) -> None:
    """Mail the link, which counts once and for PASSWORD_RESET_TIMEOUT. Raises what mail raises."""
    context = {
        "user": user,
        "by": by.get_full_name() or by.get_username(),
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
        "site_url": settings.SITE_URL,
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }
    text = render_to_string("backoffice/accounts/mail/invitation.txt", context)
    EmailMessage("Imprint: Choose your password", text, to=[user.email]).send()
    record_event(SecurityEvent.Kind.PASSWORD_RESET_ASKED, about=user, by=by, detail="Invitation")


def describe_password_choice(field: forms.ChoiceField) -> None:
    """Say in our words what Django asks of a new account: it knows of other ways to sign in."""
    field.label, field.help_text, field.initial = "Password", "", "false"
    field.choices = field.widget.choices = [("false", LINK), ("true", GIVEN)]


class InviteAction:
    def has_invite_permission(self, request, object_id=None):
        return request.user.is_superuser

    def get_actions_detail(self, request, object_id):
        actions = super().get_actions_detail(request, object_id)
        user = self.get_object(request, object_id)
        if user and is_invitable(user):
            return actions
        return [shown for shown in actions if not shown.path.endswith("invite")]

    @action(
        description="Mail a link to a password",
        icon="mail",
        permissions=["invite"],
        dialog={
            "title": "Mail them a link?",
            "description": "It goes to the address of the account, and lets whoever opens it "
            "choose the first password.",
            "form_submit_text": "Mail it",
        },
    )
    def invite(self, request, form, object_id):
        user = self.get_object(request, object_id)
        if user is None or not is_invitable(user):
            text = "They need an address, an active staff account, and no password yet."
            self.message_user(request, text, messages.ERROR)
        else:
            invite(user=user, by=request.user)
            self.message_user(request, f"A link was mailed to {user.email}.", messages.SUCCESS)
        url = reverse("admin:auth_user_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})
