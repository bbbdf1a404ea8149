"""A new password by mail.

The pages tell nobody who has an account. The link works once, within PASSWORD_RESET_TIMEOUT. It
sets a password but signs nobody in: the next sign-in asks for the second factor.
"""

from concurrent.futures import ThreadPoolExecutor

from allauth.account.signals import password_reset
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_credentials
from django.conf import settings
from django.contrib.auth import forms as auth_forms
from django.contrib.auth import views
from django.contrib.auth.models import User
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from unfold.widgets import BASE_INPUT_CLASSES

from backoffice.accounts.actors import acting_as
from backoffice.accounts.locks import show_lock
from backoffice.accounts.signals import password_reset_asked
from backoffice.mailing import records
from backoffice.mailing.kinds import PASSWORD_LINK
from backoffice.mailing.letters import Letter
from backoffice.mails import send_mail, write_mails

# A thread sends the mails, because the time of the mail server would reveal who has an account.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password-reset")


def _send(message: Letter) -> None:
    try:
        send_mail(message, about="a link to a new password")
    finally:
        close_old_connections()  # no request of this thread ends, which would do so


def wait_for_mails() -> None:
    _sender.submit(lambda: None).result()


def describe_link() -> dict[str, object]:
    """Return what each mail with a link to a new password says of it."""
    return {"site_url": settings.SITE_URL, "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}


class ResetForm(auth_forms.PasswordResetForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Your e-mail address"
        self.fields["email"].widget.attrs["class"] = " ".join(BASE_INPUT_CLASSES)

    def send_mail(self, subject_template, template, context, from_email, to_email, **kwargs):
        context |= describe_link()
        subject = render_to_string(subject_template, context)
        text = render_to_string(template, context)
        for mail in write_mails(subject, text, to=[to_email], kind=PASSWORD_LINK, is_secret=True):
            records.note([mail], will_send=True)
            _sender.submit(_send, mail)


class NewPasswordForm(auth_forms.SetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = " ".join(BASE_INPUT_CLASSES)


class ResetView(views.PasswordResetView):
    """Count each request like a wrong password, so that nobody can flood a mailbox."""

    form_class = ResetForm
    template_name = "backoffice/accounts/reset.html"
    subject_template_name = "backoffice/accounts/mail/reset_subject.txt"
    email_template_name = "backoffice/accounts/mail/reset.txt"
    success_url = reverse_lazy("password_reset_done")

    def form_valid(self, form):
        request = self.request
        credentials = get_credentials(f"Reset: {form.cleaned_data['email']}"[:255].lower())
        if not AxesProxyHandler.is_allowed(request, credentials):
            return show_lock(request, None, credentials)
        AxesProxyHandler.user_login_failed(type(self), credentials, request)
        request.axes_locked_out = False  # what counted is no failure, and this one may go through
        email = form.cleaned_data["email"]
        password_reset_asked.send(
            sender=type(self), request=request, email=email, users=list(form.get_users(email))
        )
        return super().form_valid(form)


class ResetDoneView(views.PasswordResetDoneView):
    template_name = "backoffice/accounts/reset_done.html"


class NewPasswordView(views.PasswordResetConfirmView):
    """Sets the password. Saving it ends the account's sessions (receivers.py)."""

    form_class = NewPasswordForm
    template_name = "backoffice/accounts/new_password.html"
    success_url = reverse_lazy("password_reset_complete")

    def form_valid(self, form):
        with acting_as(self.user):  # whoever reads that person's mail
            response = super().form_valid(form)
        password_reset.send(sender=User, request=self.request, user=self.user)
        return response


class NewPasswordDoneView(views.PasswordResetCompleteView):
    template_name = "backoffice/accounts/new_password_done.html"
