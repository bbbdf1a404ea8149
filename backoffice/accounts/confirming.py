"""Asks people to confirm who they are before steps that a passer-by at an open screen could abuse.

For a page: `@confirmed`; for a file, `send_to_confirm`. For a dialog or form: `ConfirmMixin`, which
asks in the form itself, so that nothing typed is lost. People with a second factor confirm with it,
others with their password. A confirmation or a sign-in holds for REAUTHENTICATE_MINUTES.
"""

import json
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    reauthenticate_by_password,
)
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django import forms
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import redirect
from django.template.loader import render_to_string

from backoffice.accounts.factors import FACTORS, list_factors
from backoffice.accounts.forms import (
    CODE_ATTRS,
    PASSWORD_ATTRS,
    ReauthenticatePasskeyForm,
    check_code,
)
from backoffice.accounts.locks import describe_lock
from backoffice.accounts.throttle import is_locked, is_own_password

APP = "backoffice"
CODE, PASSWORD, PASSKEY = "confirm_code", "confirm_password", "credential"


def confirmed(view):
    """Show the page, but ask for a recent confirmation before a POST.

    The session keeps the POST until the person has confirmed. It can't keep files: use ConfirmMixin
    for those.
    """
    return reauthentication_required(view, allow_get=True, app=APP)


def confirmed_first(view):
    """Show the page only after a recent confirmation, for pages that take a file."""
    return reauthentication_required(view, app=APP)


def send_to_confirm(request, *, way_back: str):
    """Redirect to the page that asks, which leads on to `way_back`.

    For a POST that answers with a file: the browser would stay on the page that asks.
    """
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:
        raise PermissionDenied
    return redirect(f"{methods[0]['url']}?{urlencode({REDIRECT_FIELD_NAME: way_back})}")


class ConfirmedAdmin:
    """An admin that asks for a confirmation before it adds or changes rows. The first base."""

    def changeform_view(self, request, *args, **kwargs):
        return confirmed(super().changeform_view)(request, *args, **kwargs)


def needs_to_confirm(request) -> bool:
    return is_reauthentication_required(request, app=APP)


class ConfirmMixin:
    """Asks for a code, a passkey or a password in the form if the last confirmation is too old.

    Needs `self.request`. Call `ask_to_confirm` at the end of __init__, after the form's own fields.
    Set `has_password` to True if the form itself asks for the password, so that people without a
    second factor enter it once. `render_passkey` is the button for the template.
    """

    has_password = False
    passkey_options = None

    def ask_to_confirm(self):
        if not needs_to_confirm(self.request):
            return
        factors = list_factors(self.request.user)
        if not factors & set(FACTORS):
            if not self.has_password:
                self.fields[PASSWORD] = forms.CharField(
                    label="Your password, to confirm",
                    strip=False,
                    widget=forms.PasswordInput(PASSWORD_ATTRS),
                    error_messages={
                        "required": "Enter your password again: the last time is some time ago."
                    },
                )
            return
        self.fields[CODE] = forms.CharField(
            label="Code from your app, or a recovery code",
            max_length=20,
            required=False,
            widget=forms.TextInput(CODE_ATTRS),
        )
        if Authenticator.Type.WEBAUTHN in factors:
            self.fields[PASSKEY] = forms.CharField(required=False, widget=forms.HiddenInput)
            if not self.is_bound:
                self._offer_passkey()

    def _offer_passkey(self):
        self.passkey_options = json.dumps(begin_authentication(self.request.user), default=dict)

    def render_passkey(self):
        if PASSKEY not in self.fields or self.passkey_options is None:
            return ""
        return render_to_string(
            "backoffice/accounts/passkey_button.html", {"options": self.passkey_options}
        )

    def render_after_template(self):
        """Return the HTML at the place where a dialog of the theme shows it."""
        return self.render_passkey()

    def clean(self):
        """Check the confirmation last: a form with another error would waste the code."""
        cleaned_data = super().clean()
        if not self.errors:
            self._confirm()
        if PASSKEY in self.fields:
            self._offer_passkey()  # for the next attempt, if any
        return cleaned_data

    def _confirm(self):
        if PASSWORD in self.fields:
            self._confirm_by_password()
        elif CODE in self.fields:
            self._confirm_by_factor()
        elif self.has_password and needs_to_confirm(self.request):
            reauthenticate_by_password(self.request)

    def _confirm_by_password(self):
        if is_locked(self.request, self.request.user):
            self.add_error(PASSWORD, describe_lock())
        elif not is_own_password(self.request, self.cleaned_data[PASSWORD]):
            self.add_error(PASSWORD, "This is not your password.")
        else:
            reauthenticate_by_password(self.request)
            self._drop_questions()

    def _drop_questions(self):
        """Remove the questions: after a confirmation a form with errors need not ask again."""
        for name in (CODE, PASSKEY, PASSWORD):
            self.fields.pop(name, None)

    def _confirm_by_factor(self):
        user, credential = self.request.user, self.cleaned_data.get(PASSKEY)
        try:
            if credential:
                form = ReauthenticatePasskeyForm(user=user, data={PASSKEY: credential})
                if not form.is_valid():
                    raise ValidationError("The passkey did not answer. Try again, or use a code.")
                factor = form.cleaned_data[PASSKEY]
            elif code := self.cleaned_data[CODE]:
                factor = check_code(self.request, user, code)
            else:
                raise ValidationError("Confirm that it is you: the last time is some time ago.")
        except ValidationError as error:
            self.add_error(CODE, error)
        else:
            post_authentication(self.request, factor, reauthenticated=True)
            self._drop_questions()
        self.request.axes_locked_out = False  # the form shows the lock and keeps the typed text
