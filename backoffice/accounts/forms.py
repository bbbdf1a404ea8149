"""allauth's forms in the theme's look, throttled like passwords."""

from allauth.account.forms import ReauthenticateForm as PasswordForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as webauthn
from cryptography.fernet import InvalidToken
from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.widgets import INPUT_CLASSES

from backoffice.accounts.factors import use_code
from backoffice.accounts.locks import describe_lock
from backoffice.accounts.passwords import is_entered_password
from backoffice.accounts.throttle import is_locked, is_own_password, note_failure

CODE_ATTRS = {
    "class": " ".join(INPUT_CLASSES),
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autocapitalize": "off",
    "spellcheck": "false",
}
PASSWORD_ATTRS = {"class": " ".join(INPUT_CLASSES), "autocomplete": "current-password"}


def check_code(request, user, code: str) -> Authenticator:
    """Return the factor of `code`. A wrong code counts as a failure and raises ValidationError."""
    refuse_if_locked(request, user)
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN)
    for factor in factors:
        try:
            is_right = use_code(factor, code)
        except InvalidToken as error:  # its key is lost: `check` says so as well
            raise ValidationError(
                "Your second factor can’t be read any more. Tell an administrator."
            ) from error
        if is_right:
            factor.user = user
            return factor
    note_failure(request, user, sender="backoffice.accounts.code")
    raise get_adapter().validation_error("incorrect_code")


def refuse_if_locked(request, user):
    if is_locked(request, user):
        request.axes_locked_out = True  # its middleware shows the page of locks
        raise ValidationError(describe_lock())


class CodeMixin:
    """For allauth's forms that take a code of an app, or a recovery code."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].max_length = 20
        self.fields["code"].label = "Code from your app, or a recovery code"
        self.fields["code"].widget = forms.TextInput(CODE_ATTRS | {"autofocus": ""})

    def clean_code(self):
        code = self.cleaned_data["code"]
        self.authenticator = check_code(context.request, self.user, code)
        return code


class SecondStepMixin:
    """End a started sign-in after a password change, which also ends finished ones."""

    def clean(self):
        if not is_entered_password(context.request, self.user):
            text = "The password was changed meanwhile. Go back and sign in with the new one."
            self.add_error(next(iter(self.fields)), text)
        return super().clean()


class AuthenticateForm(SecondStepMixin, CodeMixin, base.AuthenticateForm):
    pass


class ReauthenticateForm(CodeMixin, base.ReauthenticateForm):
    pass


class EnrolAppForm(ActivateTOTPForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "The code that the app shows now"
        self.fields["code"].widget = forms.TextInput(CODE_ATTRS)

    def clean_code(self):
        refuse_if_locked(context.request, self.user)
        try:
            return super().clean_code()
        except ValidationError:
            note_failure(context.request, self.user, sender="backoffice.accounts.code")
            raise


class PasskeyMixin:
    """For allauth's forms that take the answer of a passkey."""

    def clean_credential(self):
        refuse_if_locked(context.request, self.user)
        try:
            return super().clean_credential()
        except ValidationError:
            note_failure(context.request, self.user, sender="backoffice.accounts.passkey")
            raise


class AuthenticatePasskeyForm(SecondStepMixin, PasskeyMixin, webauthn.AuthenticateWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(PasskeyMixin, webauthn.ReauthenticateWebAuthnForm):
    pass


class EnrolPasskeyForm(webauthn.AddWebAuthnForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        name = self.fields["name"]
        name.label, name.max_length = "Name", 60
        name.help_text = "Your name for the device that holds it, such as “Phone”."
        name.widget = forms.TextInput({"class": " ".join(INPUT_CLASSES), "maxlength": 60})
        self.initial["name"] = "Passkey"


class ConfirmPasswordForm(PasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "Your password"
        self.fields["password"].help_text = ""
        self.fields["password"].widget = forms.PasswordInput(PASSWORD_ATTRS | {"autofocus": ""})

    def clean_password(self):
        refuse_if_locked(context.request, self.user)
        return super().clean_password()


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Counts wrong old passwords, which Django's form does not."""

    def clean_old_password(self):
        password = self.cleaned_data["old_password"]
        request = context.request
        refuse_if_locked(request, self.user)
        if not is_own_password(request, password):
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return password
