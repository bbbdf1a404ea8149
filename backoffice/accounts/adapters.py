"""How allauth behaves here: no sign-up, no mails of its own, factors encrypted.

Receivers of its signals write the mails about accounts and the log.
"""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings

from backoffice.accounts.factor_keys import decrypt, encrypt
from backoffice.accounts.throttle import remember_browser
from backoffice.theme import UNFOLD


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_password": "This is not your password."
    }

    def is_open_for_signup(self, request):
        return False

    def post_login(self, request, user, **kwargs):
        """Count a sign-in as a confirmation, so that nobody has to confirm twice in a row."""
        record_authentication(request, user, "password", reauthenticated=True)
        response = super().post_login(request, user, **kwargs)
        remember_browser(response, user)
        return response

    def is_reauthentication_required(self, *, app, **kwargs):
        return settings.REAUTHENTICATE_MINUTES > 0

    def get_reauthentication_methods(self, user):
        """Let people with a second factor confirm with it, not with the weaker password."""
        methods = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"].startswith("mfa_")]
        return sorted(factors, key=lambda method: "webauthn" not in method["id"]) or methods


class FactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or was used already. Wait for the next one.",
        "cannot_delete_authenticator": "Your second factor can’t be removed. Ask an administrator.",
        "cannot_generate_recovery_codes": "Add an app or a passkey first: recovery codes stand in "
        "for it.",
    }

    def encrypt(self, text):
        return encrypt(text)

    def decrypt(self, encrypted_text):
        return decrypt(encrypted_text)

    def get_totp_label(self, user):
        return user.get_username()

    def _get_user_identifier(self, user):
        return user.get_username()

    def _get_site_name(self):
        return UNFOLD["SITE_TITLE"]

    def get_public_key_credential_rp_entity(self):
        """Passkeys belong to the host of SITE_URL, whatever a request says that its host is."""
        return {"id": urlsplit(settings.SITE_URL).hostname, "name": self._get_site_name()}
