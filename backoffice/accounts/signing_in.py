"""Signing in: the admin's own form, then the second factor, if the person has one."""

from allauth.account.utils import perform_login
from django.contrib.auth.views import LoginView

from backoffice.accounts.passwords import note_entered_password, note_known_password


class SignInView(LoginView):
    """Passes people with the right password to allauth, which asks for the second factor."""

    def form_valid(self, form):
        user = form.get_user()
        note_entered_password(self.request, user)
        note_known_password(self.request, user, form.cleaned_data["password"])
        return perform_login(self.request, user, redirect_url=self.get_success_url())
