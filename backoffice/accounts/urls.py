"""allauth's pages for signing in, confirming and second factors, and no others.

allauth finds them by their names. The theme shows each page. Pages for signed-in people need a
staff account, as the admin's own pages do.
"""

from functools import wraps

from allauth.account.views import reauthenticate
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.contrib import admin
from django.urls import path, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from backoffice.accounts import reset


def in_theme(view, title):
    """Add the theme's context and a title to a page of allauth.

    After a confirmation it answers with the page that waited for it: if that has errors to
    correct, its form goes to its own address and not to the one that confirms.
    """

    @never_cache
    @wraps(view)
    def page(request, *args, **kwargs):
        path = request.path
        response = view(request, *args, **kwargs)
        if (context := getattr(response, "context_data", None)) is not None:
            own = {"title": title} if request.path == path else {"form_url": request.path}
            response.context_data = admin.site.each_context(request) | context | own
        return response

    return page


def open_page(address, view, name, title):
    return path(address, in_theme(view, title), name=name)


def staff_page(address, view, name, title):
    return path(address, admin.site.admin_view(in_theme(view, title)), name=name)


HOME = RedirectView.as_view(url=reverse_lazy("mfa_index"))

urlpatterns = [
    path(
        "sign-in/",
        RedirectView.as_view(pattern_name="admin:login", query_string=True),
        name="account_login",
    ),
    open_page("login/code/", mfa.authenticate, "mfa_authenticate", "Sign in"),
    open_page("reset/", reset.ResetView.as_view(), "password_reset", "A new password"),
    path("reset/", reset.ResetView.as_view(), name="admin_password_reset"),  # as the theme calls it
    open_page(
        "reset/sent/", reset.ResetDoneView.as_view(), "password_reset_done", "Look at your mails"
    ),
    open_page(
        "reset/<uidb64>/<token>/",
        reset.NewPasswordView.as_view(),
        "password_reset_confirm",
        "A new password",
    ),
    open_page(
        "reset/done/",
        reset.NewPasswordDoneView.as_view(),
        "password_reset_complete",
        "A new password",
    ),
    staff_page("confirm/", reauthenticate, "account_reauthenticate", "Confirm that it is you"),
    staff_page("confirm/code/", mfa.reauthenticate, "mfa_reauthenticate", "Confirm that it is you"),
    staff_page(
        "confirm/passkey/",
        passkeys.reauthenticate_webauthn,
        "mfa_reauthenticate_webauthn",
        "Confirm that it is you",
    ),
    staff_page("factors/", mfa.index, "mfa_index", "Second factor"),
    staff_page("factors/app/", totp.activate_totp, "mfa_activate_totp", "Add an app"),
    staff_page(
        "factors/app/remove/", totp.deactivate_totp, "mfa_deactivate_totp", "Remove the app?"
    ),
    staff_page("factors/passkeys/", HOME, "mfa_list_webauthn", "Second factor"),
    staff_page("factors/passkeys/add/", passkeys.add_webauthn, "mfa_add_webauthn", "Add a passkey"),
    staff_page(
        "factors/passkeys/<int:pk>/remove/",
        passkeys.remove_webauthn,
        "mfa_remove_webauthn",
        "Remove this passkey?",
    ),
    staff_page(
        "factors/codes/", codes.view_recovery_codes, "mfa_view_recovery_codes", "Recovery codes"
    ),
    staff_page(
        "factors/codes/new/",
        codes.generate_recovery_codes,
        "mfa_generate_recovery_codes",
        "New recovery codes?",
    ),
    staff_page(
        "factors/codes/download/",
        codes.download_recovery_codes,
        "mfa_download_recovery_codes",
        "Recovery codes",
    ),
]
