"""Signing in as a person does, with a second factor where there is one."""

import datetime as dt
import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.urls import reverse

from backoffice.accounts.security_log import events_of
from tests.factories import make_user

PASSWORD = "a quiet harbour at noon"
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)  # a factor of today pauses its person
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def make_person(username=None, **values):
    """Somebody with a password that nobody guesses, and no second factor."""
    return make_user(username, password=PASSWORD, **values)


def give_app(user):
    with events_of(LONG_AGO):
        TOTP.activate(user, SECRET)
    return user


def give_codes(user):
    with events_of(LONG_AGO):
        codes = RecoveryCodes.activate(user).instance.wrap()
        codes.mark_as_viewed()
        return codes.get_unused_codes()


def code_now(*, steps=0, secret=SECRET):
    """What the app shows, `steps` half minutes from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def wrong_code():
    right = {code_now(steps=steps) for steps in (-2, -1, 0, 1, 2)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


def enter_password(client, user, password=PASSWORD, **where):
    credentials = {"username": user.get_username(), "password": password}
    return client.post(reverse("admin:login"), credentials, **where)


def enter_code(client, code, **where):
    return client.post(reverse("mfa_authenticate"), {"code": code}, **where)


def sign_in(client, user):
    enter_password(client, user)
    if Authenticator.objects.filter(user=user, type="totp").exists():
        enter_code(client, code_now())


def is_signed_in(client):
    return client.get(reverse("admin:index")).status_code == 200
