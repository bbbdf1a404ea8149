"""The gate of the admin: people first enrol a second factor or change a known password."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from backoffice.accounts.factors import must_enrol
from backoffice.accounts.passwords import has_known_password

ALWAYS = {"admin:login", "account_login", "admin:logout", "admin:jsi18n"}
CONFIRMING = {"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
ENROLLING = (
    ALWAYS
    | CONFIRMING
    | {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
    }
)
NEW_PASSWORD = ALWAYS | CONFIRMING | {"admin:password_change", "admin:password_change_done"}


class GateMiddleware:
    """Check every request to the admin, so that a new right counts from the next request on."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        name = request.resolver_match.view_name
        if not request.path.startswith(reverse("admin:index")) or name in ALWAYS:
            return None
        if has_known_password(request):
            return None if name in NEW_PASSWORD else _send(request, "admin:password_change")
        if must_enrol(request.user) and name not in ENROLLING:
            return _send(request, "mfa_index")
        return None


def _send(request, name):
    """Redirect, out of a dialog as well."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": reverse(name)})
    return redirect(name)
